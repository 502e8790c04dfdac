/**
 * Node's HTTP parser (llhttp), to compare readings with. Run as a program of Node it prints where it listens.
 * `POST /requests` reads the body as what a client sends on one connection, then closes; `POST /responses?method=M` reads it as
 * what an origin answers to one request of method M, then closes. The answer is JSON: what Node made of it.
 */
import { Agent, createServer, METHODS, request } from "node:http";
import process from "node:process";
import { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";

/**
 * A connection on which `bytes` come, and the end when all that was made of them is done: it would cut off what still
 * waits in Node's streams. What is written to it is of no interest.
 */
function connectionOf(bytes) {
  const connection = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
    },
  });
  connection.push(bytes);
  setImmediate(() => setImmediate(() => setImmediate(() => connection.push(null))));
  return connection;
}

function readRequests(bytes) {
  return new Promise((resolve) => {
    const reading = { requests: [], error: null };
    const server = createServer(async (incoming, response) => {
      try {
        const body = await buffer(incoming);
        const { method, url, rawHeaders, rawTrailers } = incoming;
        reading.requests.push({ method, url, rawHeaders, rawTrailers, body: body.toString("latin1") });
        response.end();
      } catch (error) {
        reading.error = error.code;
      }
    });
    server.on("clientError", (error, socket) => {
      reading.error = error.code;
      socket.destroy();
    });
    const connection = connectionOf(bytes);
    connection.on("close", () => setImmediate(() => resolve(reading)));
    server.emit("connection", connection);
  });
}

function readResponse(bytes, method) {
  return new Promise((resolve) => {
    const agent = new Agent();
    agent.createConnection = () => connectionOf(bytes);
    const outgoing = request({ method, agent, host: "origin.invalid", path: "/" });
    outgoing.on("error", (error) => resolve({ error: error.code ?? String(error) }));
    outgoing.on("response", async (incoming) => {
      try {
        const body = await buffer(incoming);
        const { statusCode, statusMessage, rawHeaders, rawTrailers } = incoming;
        resolve({
          error: null,
          statusCode,
          statusMessage,
          rawHeaders,
          rawTrailers,
          body: body.toString("latin1"),
        });
      } catch (error) {
        resolve({ error: error.code });
      }
    });
    outgoing.end();
  });
}

const server = createServer(async (incoming, response) => {
  const { pathname, searchParams } = new URL(incoming.url, "http://reader");
  const bytes = await buffer(incoming);
  if (pathname === "/methods") response.end(JSON.stringify(METHODS));
  else if (pathname === "/requests") response.end(JSON.stringify(await readRequests(bytes)));
  else response.end(JSON.stringify(await readResponse(bytes, searchParams.get("method"))));
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`reader on http://127.0.0.1:${server.address().port}\n`);
});
