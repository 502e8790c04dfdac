/** An answer of the admin API that is an error; its body says why. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** For programs: `no_such_request`. */
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
