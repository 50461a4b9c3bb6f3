// The Inspector's command line lists everything, calls every tool with the example
// of docs/tools.md, and reads every resource: over stdio, HTTP and the bridge, in both eras.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bin, documents, place, program, serveHTTP } from "./sandbox.mjs";

// The examples' arguments, by tool. Ids of actions are random; the document shows
// one and the same instead.
const shownAction = "act_0123456789abcdef01234567";
const examples = new Map(
  readFileSync(join(documents, "tools.md"), "utf8")
    .split("\n## ")
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), /An example call .*?```json\n(.*?)\n```/s.exec(section)?.[1]]),
);

// Tools whose examples name a plan, which a preview makes.
const planned = ["preview_segment", "apply_segment", "revert_segment", "sync_billing_attributes"];

// inspector runs one method and gives its result. Nothing may be said but that.
function inspector(target, environment, method, ...more) {
  const args = ["--cli", ...target, "--method", method, "--format", "json", ...more];
  return new Promise((resolve, reject) => {
    execFile(join(bin, "mcp-inspector"), args, { env: environment, maxBuffer: 1 << 24, timeout: 120_000 }, (err, stdout, stderr) => {
      const complaints = stderr.split("\n").filter((line) => line && !line.startsWith("time=")); // which is the server's log
      if (err || complaints.length > 0) reject(new Error(`${method} ${more.join(" ")}\n${err?.message ?? ""}\n${complaints.join("\n")}`));
      else resolve(JSON.parse(stdout).result);
    });
  });
}

// inspect does everything with one server and gives how often the Inspector ran.
async function inspect(over, era) {
  const { environment, end } = await place();
  const token = randomBytes(32).toString("hex");
  const server = over === "stdio" ? undefined : await serveHTTP({ ...environment, SUPPORTMCP_HTTP_TOKEN: token });
  const given = (variables) => Object.entries(variables).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const target = {
    stdio: () => [program, "serve", "--protocol-era", era, ...given(environment)],
    http: () => [server.url, "--transport", "http", "--protocol-era", era, "--header", `Authorization: Bearer ${token}`],
    bridge: () => [program, "connect", server.url, "--protocol-era", era, ...given({ SUPPORTMCP_TOKEN: token })],
  }[over]();
  let runs = 0;
  const run = (...args) => (runs++, inspector(target, { HOME: environment.HOME, PATH: environment.PATH }, ...args));
  const call = async (tool, args) => {
    const { structuredContent } = await run("tools/call", "--tool-name", tool, "--tool-args-json", args);
    assert(structuredContent, `${tool} answers without structured content`);
    return structuredContent;
  };

  const tools = (await run("tools/list", "--strict")).tools.map((tool) => tool.name);
  assert.deepEqual(tools.filter((tool) => !examples.get(tool)), [], "tools without an example in docs/tools.md");
  assert.deepEqual([...examples.keys()].filter((tool) => !tools.includes(tool)), [], "tools that are not listed");
  const { action_id } = await call("create_refund", examples.get("create_refund"));
  for (const tool of tools.filter((tool) => tool !== "create_refund" && !planned.includes(tool))) {
    await call(tool, examples.get(tool).replaceAll(shownAction, action_id));
  }
  const preview = await call("preview_segment", examples.get("preview_segment"));
  const applied = await call("apply_segment", JSON.stringify({ plan_id: preview.plan_id }));
  await call("revert_segment", JSON.stringify({ action_id: applied.action_id }));
  const billing = await call("preview_segment", JSON.stringify({ segment: "billing-attributes" }));
  await call("sync_billing_attributes", JSON.stringify({ plan_id: billing.plan_id }));

  const { resources } = await run("resources/list");
  assert(resources.length > 0);
  for (const { uri } of resources) {
    const { contents } = await run("resources/read", "--uri", uri);
    assert(contents[0].text, `${uri} is empty`);
  }
  assert.equal((await run("resources/templates/list")).resourceTemplates.length, 1);
  for (const { name } of (await run("prompts/list")).prompts) await run("prompts/get", "--prompt-name", name);

  await server?.stop();
  await end();
  console.log(`ok  ${era} over ${over}: ${tools.length} tools, ${resources.length} resources, ${runs} runs`);
}

// Three at a time: each run starts Node, which waits more than it works.
await Promise.all(
  ["stdio", "http", "bridge"].map(async (over) => {
    for (const era of ["legacy", "modern"]) await inspect(over, era);
  }),
);
