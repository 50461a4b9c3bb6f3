// Both TypeScript SDKs do a whole ticket, over stdio and HTTP, in both protocol eras.
import assert from "node:assert/strict";
import { Client as Client2, StreamableHTTPClientTransport as HTTP2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as Stdio2 } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as Stdio1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HTTP1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { place, program, serveHTTP } from "./sandbox.mjs";

const who = { name: "typescript", version: "1" };
const conversation_id = "215470000000001";
const refund = { conversation_id, charge_id: "ch_maria_2", reason: "duplicate" };

// call wants the same facts as text and as structured content.
async function call(client, name, args) {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
  assert.equal(content.length, 1);
  const facts = JSON.parse(content[0].text);
  if (structuredContent || !isError) assert.deepEqual(structuredContent, facts);
  return { ...facts, isError };
}

async function readsTheTicket(client) {
  const names = (await client.listTools()).tools.map((tool) => tool.name);
  for (const name of ["get_conversation", "create_refund", "reply_to_conversation", "search", "fetch"]) assert(names.includes(name), name);
  const ticket = await call(client, "get_conversation", { conversation_id });
  assert.match(JSON.stringify(ticket.billing), /ch_maria_2/);
  const { results } = await call(client, "search", { query: "charged twice" });
  assert.match((await call(client, "fetch", { id: results[0].id })).text, /Charged twice/);
}

async function refundsOnce(client) {
  const tried = await call(client, "create_refund", { ...refund, dry_run: true });
  assert.equal(tried.receipt, undefined);
  const first = await call(client, "create_refund", refund);
  assert.deepEqual([first.state, first.receipt.amount, first.replayed], ["done", "20.00 EUR", undefined]);
  const again = await call(client, "create_refund", refund);
  assert.equal(again.replayed, true);
  assert.deepEqual(again.receipt, first.receipt);
}

async function answersAndCloses(client) {
  const reply = await call(client, "reply_to_conversation", { conversation_id, body: "We have refunded the second charge.", close: true });
  assert.equal(reply.state, "done");
  assert.equal((await call(client, "get_conversation", { conversation_id, without_billing: true })).state, "closed");
}

async function readsResources(client) {
  const { resources } = await client.listResources();
  assert(resources.length > 1);
  for (const { uri } of resources) assert((await client.readResource({ uri })).contents[0].text, uri);
  const { resourceTemplates } = await client.listResourceTemplates();
  const { completion } = await client.complete({
    ref: { type: "ref/resource", uri: resourceTemplates[0].uriTemplate },
    argument: { name: "path", value: "ref" },
    context: { arguments: { source: "northwind" } },
  });
  assert.deepEqual(completion.values, ["refund-policy.md"]);
  const { prompts } = await client.listPrompts();
  assert.equal(prompts.length, 5);
  for (const { name } of prompts) assert((await client.getPrompt({ name })).messages[0].content.text, name);
}

async function isToldWhatIsWrong(client) {
  const foreign = await call(client, "create_refund", { ...refund, conversation_id: "215470000000002" });
  assert.deepEqual([foreign.isError, foreign.code], [true, "not_found"]);
  const unknown = await call(client, "get_conversation", { conversation_id, amout: 1 });
  assert.deepEqual([unknown.isError, unknown.code], [true, "invalid"]);
  await assert.rejects(client.readResource({ uri: "kb://northwind/none.md" }));
  await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }));
}

const ticket = [readsTheTicket, refundsOnce, answersAndCloses, readsResources, isToldWhatIsWrong];

const clients = {
  "sdk 1, legacy": { make: () => new Client1(who), Stdio: Stdio1, HTTP: HTTP1 },
  "sdk 2, legacy": { make: () => new Client2(who), Stdio: Stdio2, HTTP: HTTP2, era: "legacy" },
  "sdk 2, modern": { make: () => new Client2(who, { versionNegotiation: { mode: "auto" } }), Stdio: Stdio2, HTTP: HTTP2, era: "modern" },
};

for (const [name, { make, Stdio, HTTP, era }] of Object.entries(clients)) {
  for (const over of ["stdio", "http"]) {
    const { environment, end } = await place();
    const server = over === "http" ? await serveHTTP(environment) : undefined;
    const client = make();
    await client.connect(server ? new HTTP(new URL(server.url)) : new Stdio({ command: program, args: ["serve"], env: environment, stderr: "ignore" }));
    if (era) assert.equal(client.getProtocolEra(), era);
    for (const step of ticket) await step(client);
    await client.close();
    await server?.stop();
    await end();
    console.log(`ok  ${name} over ${over}`);
  }
}
