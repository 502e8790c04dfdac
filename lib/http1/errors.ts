export class Http1Error extends Error {
  override readonly name = "Http1Error";
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
