import { headerValue, type RawHeaders, stripHopByHop } from "../http1/mod.ts";
import { Derived, share } from "../repeats/mod.ts";
import { runnerHeader } from "./routing.ts";

/** What was forwarded for fields that come again, and for whom. */
interface Forwarded extends ClientInfo {
  trusts: boolean;
  headers: RawHeaders;
  /** Of another client, if the same fields came from that one last. */
  otherAddress: string;
}

const forwardedOf = new Derived<Forwarded>();

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
  const known = forwardedOf.get(headers);
  if (
    known?.address === client.address && known.secure === client.secure && known.trusts === trustForwarded
  ) {
    known.otherAddress = "";
    return known.headers;
  }
  const forwarded = forward(headers, client, trustForwarded);
  if (known !== undefined && known.otherAddress !== client.address) {
    // Where many clients say the same by turns, keeping each one's would cost more than making them anew.
    known.otherAddress = client.address;
  } else if (forwardedOf.keeps(headers)) {
    const { address, secure } = client;
    forwardedOf.set(headers, {
      address,
      secure,
      trusts: trustForwarded,
      headers: forwarded,
      otherAddress: "",
    });
    share(forwarded);
  }
  return forwarded;
}

function forward(headers: RawHeaders, client: ClientInfo, trustForwarded: boolean): RawHeaders {
  const stripped = stripHopByHop(headers);
  const kept: string[] = [];
  let forwardedFor = "";
  let proto = "";
  let host = "";
  for (let i = 0; i < stripped.length; i += 2) {
    const name = stripped[i];
    // Cheap tests before any lower-casing: nearly every header goes through untouched.
    const first = name.charCodeAt(0) | 0x20;
    if (first === 0x78 && name.length >= 15) {
      const lower = name.toLowerCase();
      if (lower === "x-forwarded-for") {
        forwardedFor = forwardedFor === "" ? stripped[i + 1] : `${forwardedFor}, ${stripped[i + 1]}`;
        continue;
      }
      if (lower === "x-forwarded-proto") {
        proto = stripped[i + 1];
        continue;
      }
      if (lower === "x-forwarded-host") {
        host = stripped[i + 1];
        continue;
      }
      if (lower === runnerHeader) continue;
    } else if (first === 0x65 && name.length === 6 && name.toLowerCase() === "expect") {
      // The gateway answers 100-continue itself (RFC 9110, 10.1.1).
      continue;
    }
    kept.push(name, stripped[i + 1]);
  }
  kept.push(
    "X-Forwarded-For",
    forwardedFor === "" ? client.address : `${forwardedFor}, ${client.address}`,
  );
  kept.push(
    "X-Forwarded-Proto",
    trustForwarded && proto !== "" ? proto : client.secure ? "https" : "http",
  );
  const forwardedHost = trustForwarded && host !== "" ? host : headerValue(headers, "host");
  if (forwardedHost !== undefined) kept.push("X-Forwarded-Host", forwardedHost);
  return kept;
}
