import "./style.css";

export const metadata = { title: "Notes by Next" };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
