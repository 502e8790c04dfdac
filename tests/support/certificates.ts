/** Certificates made for one test by `openssl`, as a user would make them. */
export interface Certificates extends AsyncDisposable {
  /** The authority's own certificate, for `--ca-file`. */
  caFile: string;
  /** The server's, signed by the authority. */
  certFile: string;
  keyFile: string;
  /** PEM texts of the same. */
  ca: string;
  cert: string;
  key: string;
}

/**
 * Makes an authority and a server certificate that it signs.
 *
 * @param names what the server may be called, as `subjectAltName` has it
 * @param curve of all keys, as `openssl` calls it
 * @param days how long both are good
 */
export async function makeCertificates(
  names = "IP:127.0.0.1,DNS:localhost",
  curve = "prime256v1",
  days = 2,
): Promise<Certificates> {
  const folder = await Deno.makeTempDir();
  const file = (name: string) => `${folder}/${name}`;
  const newKey = ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`, "-noenc"];
  await openssl(
    ...["req", "-x509", ...newKey, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-days", `${days}`],
    ...["-subj", "/CN=an authority of a test"],
  );
  await openssl(
    ...[
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      file("server.key"),
      "-out",
      file("server.pem"),
      "-days",
      `${days}`,
    ],
    ...["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-subj", "/CN=a server of a test"],
    ...["-addext", `subjectAltName=${names}`, "-addext", "basicConstraints=critical,CA:FALSE"],
  );
  const [caFile, certFile, keyFile] = ["ca.pem", "server.pem", "server.key"].map(file);
  const [ca, cert, key] = await Promise.all(
    [caFile, certFile, keyFile].map((path) => Deno.readTextFile(path)),
  );
  const remove = () => Deno.remove(folder, { recursive: true });
  return { caFile, certFile, keyFile, ca, cert, key, [Symbol.asyncDispose]: remove };
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdout: "null", stderr: "piped" })
    .output();
  if (!success) throw new Error(`openssl ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
}
