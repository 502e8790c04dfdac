/** Nagle's algorithm on what is accepted by TLS, for which the runtime has no word. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { Gateway } from "../../lib/gateway/mod.ts";
import { useNativeCalls } from "../../lib/net/mod.ts";
import { connectedDescriptor } from "../../lib/net/native/descriptors.ts";
import { Libc, libcPaths } from "../../lib/net/native/libc.ts";
import { makeCertificates } from "../support/certificates.ts";

const ignore = Deno.build.os !== "linux";

/** Whether TCP_NODELAY is set on the other end of `conn`, which is this process's as well. */
function isPromptAtTheOtherEnd({ localAddr, remoteAddr }: Deno.TlsConn): boolean {
  const { calls } = Libc.open() as Libc;
  const fd = connectedDescriptor({ localAddr: remoteAddr, remoteAddr: localAddr }, calls);
  assert.notEqual(fd, -1);
  const path = libcPaths.find((path) => existsSync(path))!;
  const library = Deno.dlopen(path, {
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  });
  const [level, option, value] = [6, 1, new Int32Array([-1])];
  const length = new Uint8Array([4, 0, 0, 0]);
  assert.equal(library.symbols.getsockopt(fd, level, option, new Uint8Array(value.buffer), length), 0);
  library.close();
  return value[0] !== 0;
}

Deno.test({ name: "what a TLS gateway writes does not wait for an acknowledgement", ignore }, async () => {
  await using certificates = await makeCertificates();
  const { cert, key, ca } = certificates;
  const connect = async (port: number) => {
    const conn = await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] });
    await conn.handshake();
    return conn;
  };
  // As the runtime leaves it: what would be found without the gateway's doing.
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepting = listener.accept();
  using plain = await connect((listener.addr as Deno.NetAddr).port);
  assert.equal(isPromptAtTheOtherEnd(plain), false);
  (await accepting).close();

  assert.equal(useNativeCalls(), null);
  const tls = { cert, key };
  await using gateway = Gateway.listen({ hostname: "127.0.0.1", port: 0, token: "a token of a test", tls });
  using conn = await connect(gateway.address.port);
  assert.equal(isPromptAtTheOtherEnd(conn), true);
});
