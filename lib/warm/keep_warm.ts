const last = new Map<unknown, object>();

/**
 * Called by the constructors of what comes and goes with a connection or a stream: the last object of each kind stays until
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
