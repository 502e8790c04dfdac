import { sameToken } from "../net/mod.ts";

/** Who may use the admin port. */
export interface AccessRules {
  /** Listens on a loopback address, where no token is needed. */
  loopback: boolean;
  /** What others must show; `null` on loopback when none was given. */
  token: string | null;
}

/** Why a request is refused. */
export interface Refusal {
  status: 401 | 403 | 421;
  code: string;
  message: string;
  headers?: Record<string, string>;
}

/**
 * The names by which a browser on this machine reaches a loopback port. Whatever the port's number: it may be forwarded
 * from another one, and a page that was led here by a name of its own (DNS rebinding) bears that name.
 */
const loopbackHost = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?$/i;

/**
 * Whether a request may be served. A web page of somebody else cannot drive the admin port:
 * it would have to bear a foreign `Origin` (cross-site request forgery), or a `Host` that is not this machine's (DNS
 * rebinding), and both are refused. Whoever reaches the port from elsewhere must show the token.
 *
 * @param request of `open`: the page itself, which holds nothing secret and asks for the token
 * @returns `null` when it may be served
 */
export function refusalOf(
  request: { headers: Headers; open: boolean },
  rules: AccessRules,
): Refusal | null {
  const { headers } = request;
  const host = headers.get("host") ?? "";
  if (rules.loopback && !loopbackHost.test(host)) {
    return {
      status: 421,
      code: "wrong_host",
      message: `This port is served as localhost, 127.0.0.1 and [::1], not as "${host}".`,
    };
  }
  const origin = headers.get("origin");
  if (origin !== null && !isSameOrigin(origin, host)) {
    return {
      status: 403,
      code: "foreign_origin",
      message: `A page of ${origin} may not use this port.`,
    };
  }
  const site = headers.get("sec-fetch-site");
  if (origin === null && !request.open && (site === "cross-site" || site === "same-site")) {
    return { status: 403, code: "foreign_origin", message: "Another site's page may not use this port." };
  }
  if (request.open || rules.token === null || sameToken(bearer(headers), rules.token)) return null;
  return {
    status: 401,
    code: "wrong_token",
    message: 'The admin token is missing or wrong: send it as "Authorization: Bearer TOKEN".',
    headers: { "WWW-Authenticate": "Bearer" },
  };
}

function isSameOrigin(origin: string, host: string): boolean {
  // A proxy in front may speak TLS.
  return ["http", "https"].some((scheme) => origin.toLowerCase() === `${scheme}://${host.toLowerCase()}`);
}

function bearer(headers: Headers): string {
  return /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1] ?? "";
}
