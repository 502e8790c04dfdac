import fetchHar from "fetch-har";

/** Its types tell of the names that it exports, which Node's way of loading it puts behind `default`. */
const { default: sdk } = await import("@har-sdk/validator") as unknown as {
  default: typeof import("@har-sdk/validator");
};

/** What `npm:@har-sdk/validator`, which knows HAR 1.2 by heart, has against a document; nothing when it is one. */
export async function harProblems(document: unknown): Promise<string[]> {
  const problems = await new sdk.HarValidator().verify(document as never);
  return problems.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/**
 * Lets `npm:fetch-har` send the request of an entry once more, as it understands it. It adds the entry's query list to
 * the URL, where HAR has the query already.
 */
export function sendEntry(entry: { request: { url: string } }): Promise<Response> {
  const request = { ...entry.request, url: entry.request.url.split("?", 1)[0] };
  return fetchHar({ log: { entries: [{ ...entry, request }] } } as never);
}
