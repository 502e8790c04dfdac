export type RawHeaders = string[];
export function headerValue(h: RawHeaders, lower: string): string | undefined {
  for (let i = 0; i < h.length; i += 2) {
    if (h[i].length === lower.length && h[i].toLowerCase() === lower) return h[i + 1];
  }
  return undefined;
}
export function headerValues(h: RawHeaders, lower: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < h.length; i += 2) {
    if (h[i].length === lower.length && h[i].toLowerCase() === lower) out.push(h[i + 1]);
  }
  return out;
}
export function hasToken(h: RawHeaders, lower: string, token: string): boolean {
  for (let i = 0; i < h.length; i += 2) {
    if (h[i].length !== lower.length || h[i].toLowerCase() !== lower) continue;
    if (h[i + 1].toLowerCase().split(",").some((t) => t.trim() === token)) return true;
  }
  return false;
}
const hop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);
export function stripHopByHop(h: RawHeaders): RawHeaders {
  let named: Set<string> | null = null;
  for (const v of headerValues(h, "connection")) {
    for (const t of v.toLowerCase().split(",")) {
      const x = t.trim();
      if (x && x !== "content-length" && x !== "keep-alive" && x !== "close") (named ??= new Set()).add(x);
    }
  }
  const out: RawHeaders = [];
  for (let i = 0; i < h.length; i += 2) {
    const l = h[i].toLowerCase();
    if (hop.has(l) || named?.has(l)) continue;
    out.push(h[i], h[i + 1]);
  }
  return out;
}
