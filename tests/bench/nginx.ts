import { ChildProcess } from "../support/processes.ts";
import { freePorts } from "./free_ports.ts";
import { keep, stop } from "./running.ts";

/** Two nginx, one behind the other, in front of an origin. */
export interface NginxChain extends AsyncDisposable {
  port: number;
  /** The two master processes. */
  pids: number[];
}

/** One hop: a master and one worker. Whatever would slow nginx down without need is off. */
function configuration(options: { folder: string; port: number; upstreamPort: number }): string {
  const { folder, port, upstreamPort } = options;
  const user = Deno.uid() === 0 ? "user root root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ");
  return `${user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/pid;
error_log ${folder}/error.log warn;
events { worker_connections 16384; }
http {
  access_log off;
  ${temporary}
  tcp_nodelay on;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream next {
    server 127.0.0.1:${upstreamPort};
    keepalive 512;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://next;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering on;
      proxy_max_temp_file_size 0;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
    }
  }
}
`;
}

/** nginx's version, or `null` when it is not installed. */
export function nginxVersion(): string | null {
  try {
    const { stderr } = new Deno.Command("nginx", { args: ["-v"] }).outputSync();
    return /nginx\/(\S+)/.exec(new TextDecoder().decode(stderr))?.[1] ?? "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** One nginx as a process; SIGTERM to its master ends the worker with it. */
class Nginx implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: ChildProcess;

  constructor(port: number, upstreamPort: number) {
    this.#folder = Deno.makeTempDirSync({ prefix: "tunnel-bench-nginx-" });
    const file = `${this.#folder}/nginx.conf`;
    Deno.writeTextFileSync(file, configuration({ folder: this.#folder, port, upstreamPort }));
    this.#process = new ChildProcess("nginx", ["-p", this.#folder, "-c", file], { cwd: this.#folder });
  }

  get pid(): number {
    return this.#process.pid;
  }

  get output(): string {
    return this.#process.stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.signal("SIGTERM");
    await this.#process.status();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Starts two nginx in front of `originPort` and waits until an answer comes through both. */
export async function startNginxChain(originPort: number): Promise<NginxChain> {
  const [port, innerPort] = freePorts(2);
  const inner = keep(new Nginx(innerPort, originPort));
  const outer = keep(new Nginx(port, innerPort));
  const chain = {
    port,
    pids: [outer.pid, inner.pid],
    async [Symbol.asyncDispose]() {
      await stop(outer);
      await stop(inner);
    },
  };
  try {
    await answers(port);
  } catch (cause) {
    const output = outer.output + inner.output;
    await chain[Symbol.asyncDispose]();
    throw new Error(`nginx does not answer: ${output}`, { cause });
  }
  return chain;
}

const readyWithinMs = 10_000;
const askAgainMs = 20;

async function answers(port: number): Promise<void> {
  const deadlineMs = performance.now() + readyWithinMs;
  while (true) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/hello`);
      await response.body?.cancel();
      if (response.ok) return;
    } catch (error) {
      // Not listening yet.
      if (performance.now() > deadlineMs) throw error;
    }
    if (performance.now() > deadlineMs) throw new Error(`no success from port ${port} in time`);
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}
