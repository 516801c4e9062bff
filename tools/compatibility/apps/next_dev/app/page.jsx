import Link from "next/link";
import { Counter } from "./counter.jsx";
import { Upload } from "./upload.jsx";

export default function Page() {
  return (
    <main>
      <h1>Notes by Next</h1>
      <p>
        <Link href="/notes/1">The first note</Link>
      </p>
      <Counter />
      <Upload />
    </main>
  );
}
