const last = new Map<unknown, object>();

/**
 * Called for each object that comes and goes with a connection or a stream, when it is made: the last of each kind stays until
 * the next one is made, with all that it holds.
 *
 * V8's compiled code refers weakly to what objects of a class look like, and that goes with the last object. A process that
 * collects its garbage while nothing is open would throw away the code for all of its traffic, and the next connection would
 * begin with the interpreter.
 *
 * @param kind @default its class
 */
export function keepWarm(made: object, kind: unknown = made.constructor): void {
  last.set(kind, made);
}
