// What Vite imports besides modules: the URLs of files, and style sheets.
declare module "*?url" {
  const url: string;
  export default url;
}
declare module "*.css";
