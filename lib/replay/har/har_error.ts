/** A file is no HAR, or one that cannot be used. `path` names the place: `log.entries[3].request.url`. */
export class HarError extends Error {
  override readonly name = "HarError";
  readonly path: string;

  constructor(path: string, problem: string, options: { cause?: unknown } = {}) {
    super(path === "" ? problem : `${path} ${problem}`, options);
    this.path = path;
  }
}
