import { Http1Error } from "./errors.ts";
import type { BodyFraming } from "./framing.ts";
import type { RawHeaders } from "./headers.ts";
export interface BodySink {
  data(bytes: Uint8Array): void;
}
export class BodyDecoder {
  #k: string;
  #left = 0;
  #done = false;
  #st: "size" | "data" | "crlf" | "trailer" = "size";
  #line = "";
  trailers: RawHeaders = [];
  constructor(f: BodyFraming) {
    this.#k = f.kind;
    if (f.kind === "length") this.#left = f.bytes;
    if (f.kind === "none" || (f.kind === "length" && f.bytes === 0)) this.#done = true;
  }
  get done(): boolean {
    return this.#done;
  }
  decode(b: Uint8Array, from: number, to: number, sink: BodySink): number {
    let i = from;
    if (this.#done) return i;
    if (this.#k === "until-close") {
      if (to > i) sink.data(b.subarray(i, to));
      return to;
    }
    if (this.#k === "length") {
      const n = Math.min(this.#left, to - i);
      this.#left -= n;
      if (this.#left === 0) this.#done = true;
      if (n > 0) sink.data(b.subarray(i, i + n));
      return i + n;
    }
    while (i < to && !this.#done) {
      if (this.#st === "data") {
        const n = Math.min(this.#left, to - i);
        this.#left -= n;
        if (this.#left === 0) this.#st = "crlf";
        sink.data(b.subarray(i, i + n));
        i += n;
        continue;
      }
      const c = b[i++];
      if (c !== 10) {
        if (c !== 13) this.#line += String.fromCharCode(c);
        if (this.#line.length > 65536) throw new Http1Error(400, "line too long");
        continue;
      }
      const l = this.#line;
      this.#line = "";
      if (this.#st === "crlf") {
        if (l !== "") throw new Http1Error(400, "chunk data is not followed by CRLF");
        this.#st = "size";
      } else if (this.#st === "size") {
        const m = /^([0-9a-fA-F]{1,13})[ \t]*(;.*)?$/.exec(l);
        if (!m) throw new Http1Error(400, "a chunk size is malformed");
        this.#left = parseInt(m[1], 16);
        this.#st = this.#left === 0 ? "trailer" : "data";
      } else if (l === "") this.#done = true;
      else {
        const k = l.indexOf(":");
        this.trailers.push(l.slice(0, k), l.slice(k + 1).trim());
      }
    }
    return i;
  }
  finish(): void {
    if (this.#k === "until-close") this.#done = true;
    if (!this.#done) throw new Http1Error(400, "the body is incomplete");
  }
}
