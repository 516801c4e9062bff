// simple-peer's browser build: the same module, with Node's streams inside.
declare module "simple-peer/simplepeer.min.js" {
  import SimplePeer from "simple-peer";
  export default SimplePeer;
}
