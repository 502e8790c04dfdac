import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const methods = ["get", "post", "put", "delete", "patch", "head", "options"];

interface Media {
  schema: unknown;
  "x-events"?: Record<string, { $ref: string }>;
}

interface Response {
  $ref?: string;
  content?: Record<string, Media>;
}

export interface ApiDocument {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
  components: { responses: Record<string, Response>; schemas: Record<string, unknown> };
}

/** An OpenAPI document that answers are held to. Remembers what it was asked for. */
export class OpenApi {
  readonly document: ApiDocument;
  readonly #ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  readonly #compiled = new Map<string, ValidateFunction>();
  /** `GET /api/links 200`, each that an answer was held to. */
  readonly seen = new Set<string>();

  constructor(document: ApiDocument) {
    this.document = document;
    for (const keyword of ["openapi", "info", "servers", "security", "paths", "components", "x-events"]) {
      this.#ajv.addKeyword(keyword);
    }
    this.#ajv.addSchema(document, "api");
  }

  static async read(path: string): Promise<OpenApi> {
    return new OpenApi(JSON.parse(await Deno.readTextFile(new URL(`../../${path}`, import.meta.url))));
  }

  /** `GET /api/links`, … */
  get routes(): string[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.keys(item).filter((key) => methods.includes(key)).map((method) =>
        `${method.toUpperCase()} ${path}`
      )
    );
  }

  /** `GET /api/links 200`, each answer that is described. */
  get answers(): string[] {
    return this.routes.flatMap((route) =>
      Object.keys(this.#operation(route).responses).map((status) => `${route} ${status}`)
    );
  }

  /** Holds an answer to what is said of `route` (`GET /api/streams/{id}`). */
  check(route: string, answer: { status: number; type: string; body: unknown }): void {
    const { status, type, body } = answer;
    const described = this.#operation(route).responses[status];
    assert.ok(described !== undefined, `${route} does not describe ${status}: ${Deno.inspect(body)}`);
    const { content = {} } = this.#resolve(described);
    const media = content[type] ?? content[type.replace("; charset=utf-8", "")];
    assert.ok(media !== undefined, `${route} ${status} does not describe ${type}`);
    this.#hold(this.#compile(media.schema), body, `${route} ${status}`);
    this.seen.add(`${route} ${status}`);
  }

  /** Holds a server-sent event to what is said of its name. */
  checkEvent(route: string, event: { name: string; data: unknown }): void {
    const [media] = Object.values(this.#operation(route).responses[200].content ?? {});
    const schema = media["x-events"]?.[event.name];
    assert.ok(schema !== undefined, `${route} does not describe the event ${event.name}`);
    this.#hold(this.#compile(schema), event.data, `event ${event.name}`);
  }

  #operation(route: string) {
    const [method, path] = route.split(" ");
    const operation = this.document.paths[path]?.[method.toLowerCase()];
    assert.ok(operation !== undefined, `${route} is not described`);
    return operation;
  }

  #resolve(response: Response): Response {
    if (response.$ref === undefined) return response;
    return this.document.components.responses[response.$ref.split("/").at(-1)!];
  }

  #compile(schema: unknown): ValidateFunction {
    const text = JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"api#/');
    const known = this.#compiled.get(text) ?? this.#ajv.compile(JSON.parse(text));
    this.#compiled.set(text, known);
    return known;
  }

  #hold(validate: ValidateFunction, value: unknown, what: string): void {
    if (validate(value)) return;
    assert.fail(`${what}: ${this.#ajv.errorsText(validate.errors)} in ${Deno.inspect(value, { depth: 6 })}`);
  }
}
