/** An answer of the admin API that is an error; its body says why. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** For programs: `no_such_request`. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
