import config from "../deno.json" with { type: "json" };

/** Version of this program, from deno.json. */
export const version: string = config.version;

/** How this program names itself to its peers. */
export const agent = `tunnel/${version}`;
