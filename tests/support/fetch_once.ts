const unpooled = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

/** `fetch` over a connection of its own, which ends with the response: nothing is kept alive that a test would count. */
export function fetchOnce(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, client: unpooled });
}
