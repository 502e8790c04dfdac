import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { UsageError } from "./errors.ts";
import { readTextFile } from "./files.ts";

const certificateBlock = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

/**
 * The PEM certificates of a `--ca-file`, as TLS takes them; `undefined` without one.
 *
 * @throws {UsageError} when it cannot be read, holds none, or one that is damaged: each connection would fail of it
 */
export function readCaFile(path: string | undefined): string[] | undefined {
  if (path === undefined) return undefined;
  const text = readTextFile(path, "CA file");
  certificatesOf(text, `the CA file ${path}`);
  return [text];
}

/**
 * The texts of `--tls-cert` and `--tls-key`; `undefined` without them.
 *
 * @throws {UsageError} when one is given without the other, cannot be read, is not what it should be, or does not belong
 * to the other
 */
export function readTlsFiles(
  options: { tlsCert?: string; tlsKey?: string },
): TlsFiles | undefined {
  const { tlsCert, tlsKey } = options;
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError("--tls-cert and --tls-key belong together: give both or neither");
  }
  const cert = readTextFile(tlsCert, "certificate");
  const key = readTextFile(tlsKey, "private key");
  const [first] = certificatesOf(cert, `the certificate ${tlsCert}`);
  if (!first.checkPrivateKey(keyOf(tlsKey, key))) {
    throw new UsageError(`the private key ${tlsKey} does not belong to the certificate ${tlsCert}`);
  }
  const lifetime = { beginsMs: Date.parse(first.validFrom), endsMs: Date.parse(first.validTo) };
  return { cert, key, lifetime };
}

/** What `--tls-cert` and `--tls-key` hold. */
export interface TlsFiles {
  /** PEM texts. */
  cert: string;
  key: string;
  lifetime: CertificateLifetime;
}

/** From when and until when a certificate is good for clients, wall clock, milliseconds. */
export interface CertificateLifetime {
  beginsMs: number;
  endsMs: number;
}

/** Whether clients take a certificate of this lifetime now. */
export function isGood({ beginsMs, endsMs }: CertificateLifetime, nowMs: number): boolean {
  return beginsMs <= nowMs && nowMs <= endsMs;
}

/** Renewed certificates are in place by then, where something sees to it: most are renewed thirty days ahead. */
const soonMs = 14 * 24 * 3_600_000;

/** What an operator should know about a certificate's lifetime, or `null`. */
export function lifetimeProblem({ beginsMs, endsMs }: CertificateLifetime, nowMs: number): string | null {
  if (nowMs > endsMs) return `it expired at ${new Date(endsMs).toISOString()}: clients and runners refuse it`;
  if (nowMs < beginsMs) {
    return `it is valid from ${
      new Date(beginsMs).toISOString()
    } on: until then clients and runners refuse it`;
  }
  if (endsMs - nowMs > soonMs) return null;
  return `it expires at ${new Date(endsMs).toISOString()}`;
}

/** @param file what the text is of, for the error */
function certificatesOf(text: string, file: string): X509Certificate[] {
  const blocks = text.match(certificateBlock) ?? [];
  if (blocks.length === 0) {
    throw new UsageError(
      `${file} holds no certificate: a PEM file with BEGIN CERTIFICATE is accepted`,
    );
  }
  return blocks.map((block, i) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new UsageError(
        `${file} is damaged: certificate ${i + 1} of ${blocks.length} cannot be read`,
        { cause },
      );
    }
  });
}

function keyOf(path: string, text: string): KeyObject {
  if (!/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(text)) {
    throw new UsageError(
      `the private key ${path} holds none: a PEM file with BEGIN PRIVATE KEY is accepted`,
    );
  }
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw new UsageError(
      `the private key ${path} is encrypted: one without a passphrase is accepted (openssl pkey -in FILE)`,
    );
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new UsageError(`the private key ${path} is damaged: it cannot be read`, { cause });
  }
}
