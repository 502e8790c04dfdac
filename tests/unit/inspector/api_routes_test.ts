import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../../lib/inspector/api_error.ts";
import { apiRoutes, routeOf } from "../../../lib/inspector/api_routes.ts";

const anyId = fc.string({ minLength: 1 }).filter((id) => id.isWellFormed());

Deno.test("every route is found with whatever id, which comes out as it was", () => {
  fc.assert(fc.property(fc.constantFrom(...apiRoutes), anyId, (route, id) => {
    const [method, template] = route.split(" ");
    const path = template.replace("{id}", () => encodeURIComponent(id));
    assert.deepEqual(routeOf(method, path), { route, id: template.includes("{id}") ? id : "" });
  }));
});

Deno.test("a path that has no route is a 404, one that takes other methods a 405 that names them", () => {
  const anyPath = fc.array(fc.constantFrom("status", "links", "requests", "1", "replay", "rtt", ""), {
    maxLength: 5,
  });
  const anyMethod = fc.constantFrom("GET", "POST", "DELETE", "PUT", "get");
  fc.assert(fc.property(anyMethod, anyPath, (method, parts) => {
    const path = ["/api", ...parts].join("/");
    const allowed = apiRoutes.map((route) => route.split(" ")).filter(([, template]) =>
      new RegExp(`^${template.replace("{id}", "[^/]+")}$`).test(path)
    ).map(([method]) => method);
    if (allowed.includes(method)) {
      assert.equal(routeOf(method, path).route.split(" ")[0], method);
      return;
    }
    assert.throws(() => routeOf(method, path), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, allowed.length === 0 ? 404 : 405);
      assert.deepEqual(error.headers, allowed.length === 0 ? {} : { Allow: allowed.join(", ") });
      return true;
    });
  }));
});

Deno.test("an id that is not properly escaped is a mistake of whoever asks", () => {
  for (const id of ["%", "%zz", "%ff", "%c3%28"]) {
    assert.throws(
      () => routeOf("GET", `/api/streams/${id}`),
      (error) => error instanceof ApiError && error.status === 400,
    );
  }
});
