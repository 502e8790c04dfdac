/** Keeps compiled code from being thrown away between two connections. Pure, but for what it remembers, which changes no result. */
export { keepWarm } from "./keep_warm.ts";
