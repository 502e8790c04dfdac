/**
 * What comes again byte for byte, header fields above all: a client that keeps its connection says the same with every
 * request, and so does an origin but for the date. Such lists are read once and then shared, with all that was worked out
 * from them. Pure, but for what it remembers, which changes no result.
 */
export { Derived, share } from "./derived.ts";
export { Repeated } from "./repeated.ts";
