// The AWS side of Lighthouse: the program that `pulumi up` runs in a clone, with the same settings and outputs.
// To deploy it beside resources of yours, use the component: import { Bridge } from "lighthouse-tunnel/pulumi";
export * from "lighthouse-tunnel/pulumi/main";
