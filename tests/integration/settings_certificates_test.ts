import { makeCertificates } from "../support/certificates.ts";
import { assertUsageError } from "../support/usage_error.ts";

const damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** A file with `text`, removed at the end of the block that owns it. */
async function fileOf(text: string): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(path, text);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** Commands that take a CA file, complete but for it. */
const withCaFile = [
  ["runner", "--gateway-url", "wss://127.0.0.1:9", "--target", "http://127.0.0.1:9", "--token", "t"],
  ["ping-probe", "--gateway-url", "wss://127.0.0.1:9", "--token", "t"],
];

for (const args of withCaFile) {
  const at = (path: string, says: string) => new RegExp(`the CA file ${path} ${says}`);

  Deno.test(`${args[0]} refuses a CA file without a certificate`, async () => {
    await using certificates = await makeCertificates();
    for (const text of ["", "no certificate", certificates.key]) {
      await using file = await fileOf(text);
      await assertUsageError([...args, "--ca-file", file.path], at(file.path, "holds no certificate: a PEM"));
    }
  });

  Deno.test(`${args[0]} refuses a CA file with a damaged certificate among others`, async () => {
    await using certificates = await makeCertificates();
    await using file = await fileOf(certificates.ca + damaged);
    await assertUsageError(
      [...args, "--ca-file", file.path],
      at(file.path, "is damaged: certificate 2 of 2"),
    );
  });
}

Deno.test("a gateway names the TLS file that is not what it should be", async () => {
  await using good = await makeCertificates();
  await using other = await makeCertificates();
  await using garbage = await fileOf("no PEM at all");
  await using broken = await fileOf(damaged);
  const brokenKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  await using badKey = await fileOf(brokenKey);
  await using encrypted = await fileOf(brokenKey.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"));
  const cases: [cert: string, key: string, says: string][] = [
    [garbage.path, good.keyFile, `the certificate ${garbage.path} holds no certificate: a PEM file`],
    [good.keyFile, good.keyFile, `the certificate ${good.keyFile} holds no certificate`],
    [broken.path, good.keyFile, `the certificate ${broken.path} is damaged`],
    [good.certFile, garbage.path, `the private key ${garbage.path} holds none: a PEM file`],
    [good.certFile, good.certFile, `the private key ${good.certFile} holds none`],
    [good.certFile, badKey.path, `the private key ${badKey.path} is damaged`],
    [good.certFile, encrypted.path, `the private key ${encrypted.path} is encrypted: one without`],
    [
      good.certFile,
      other.keyFile,
      `private key ${other.keyFile} does not belong to the certificate ${good.certFile}`,
    ],
  ];
  for (const [cert, key, says] of cases) {
    const args = ["gateway", "--hostname", "127.0.0.1", "--port", "0", "--tls-cert", cert, "--tls-key", key];
    await assertUsageError(args, new RegExp(says));
  }
});
