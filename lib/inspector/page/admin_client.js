/** What the admin API answered instead of what was asked for, or that it could not be reached (`status` 0). */
export class ApiFailure extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
  }
}

const tokenKey = "tunnel-admin-token";

/** Asks the admin API of the process that served this page. */
export class AdminClient {
  /** Kept for this tab alone. @param {string} token */
  set token(token) {
    sessionStorage.setItem(tokenKey, token);
  }

  /**
   * @param {string} path
   * @param {{ method?: string, signal?: AbortSignal }} [options]
   * @returns {Promise<any>} the answer's JSON
   * @throws {ApiFailure}
   */
  async ask(path, options) {
    const response = await this.#fetch(path, options);
    try {
      return await response.json();
    } catch (cause) {
      throw failureOf(cause);
    }
  }

  /**
   * A stream of server-sent events. Not an `EventSource`: that cannot bear a token.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<ReadableStream<Uint8Array<ArrayBuffer>>>}
   * @throws {ApiFailure}
   */
  async events(signal) {
    const { body } = await this.#fetch("/api/events", { signal });
    if (body === null) throw new ApiFailure(0, "the stream of events is empty");
    return body;
  }

  /**
   * @param {string} path
   * @param {{ method?: string, signal?: AbortSignal }} [options]
   */
  async #fetch(path, { method = "GET", signal } = {}) {
    const token = sessionStorage.getItem(tokenKey);
    /** @type {Response} */
    let response;
    try {
      response = await fetch(path, {
        method,
        signal,
        cache: "no-store",
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
      });
    } catch (cause) {
      throw failureOf(cause);
    }
    if (response.ok) return response;
    throw new ApiFailure(response.status, await messageOf(response));
  }
}

/** @param {unknown} cause */
function failureOf(cause) {
  return new ApiFailure(
    0,
    `the admin port does not answer (${cause instanceof Error ? cause.message : cause})`,
  );
}

/** @param {Response} response */
async function messageOf(response) {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string") return message;
  } catch {
    // Not the API's own words: the status says what there is to say.
  }
  return `${response.status} ${response.statusText}`;
}
