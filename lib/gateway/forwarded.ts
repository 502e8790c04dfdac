import { headerValue, type RawHeaders, stripHopByHop } from "../http1/mod.ts";
import { runnerHeader } from "./routing.ts";

/** How a client reached the gateway. */
export interface ClientInfo {
  /** The client's address, without port. */
  address: string;
  secure: boolean;
}

/**
 * The headers that go on to the origin: hop-by-hop fields and the gateway's own removed, `X-Forwarded-For`
 * (appended to what a proxy in front sent), `-Proto` and `-Host` added. `trustForwarded` keeps `-Proto` and
 * `-Host` as a proxy in front set them; otherwise a client could claim what it likes.
 */
export function forwardedHeaders(
  headers: RawHeaders,
  client: ClientInfo,
  trustForwarded: boolean,
): RawHeaders {
  // A list of this function's own: what goes is overwritten by what follows it.
  const forward = stripHopByHop(headers);
  let length = 0;
  let forwardedFor = "";
  let proto = "";
  let host = "";
  for (let i = 0; i < forward.length; i += 2) {
    const name = forward[i];
    // Cheap tests before any lower-casing: nearly every header goes through untouched.
    const first = name.charCodeAt(0) | 0x20;
    if (first === 0x78 && name.length >= 15) {
      const lower = name.toLowerCase();
      if (lower === "x-forwarded-for") {
        forwardedFor = forwardedFor === "" ? forward[i + 1] : `${forwardedFor}, ${forward[i + 1]}`;
        continue;
      }
      if (lower === "x-forwarded-proto") {
        proto = forward[i + 1];
        continue;
      }
      if (lower === "x-forwarded-host") {
        host = forward[i + 1];
        continue;
      }
      if (lower === runnerHeader) continue;
    } else if (first === 0x65 && name.length === 6 && name.toLowerCase() === "expect") {
      // The gateway answers 100-continue itself (RFC 9110, 10.1.1).
      continue;
    }
    forward[length++] = name;
    forward[length++] = forward[i + 1];
  }
  forward.length = length;
  forward.push(
    "X-Forwarded-For",
    forwardedFor === "" ? client.address : `${forwardedFor}, ${client.address}`,
  );
  forward.push(
    "X-Forwarded-Proto",
    trustForwarded && proto !== "" ? proto : client.secure ? "https" : "http",
  );
  const forwardedHost = trustForwarded && host !== "" ? host : headerValue(headers, "host");
  if (forwardedHost !== undefined) forward.push("X-Forwarded-Host", forwardedHost);
  return forward;
}
