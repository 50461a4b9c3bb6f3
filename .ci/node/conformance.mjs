// The official conformance suite, twice: against the real program, of whose scenarios
// those that need no test tools must pass; and against a build of the tests that has
// the suite's tools behind the program's own edge, of whose scenarios those must pass
// that the program's protocol offers.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bin, fixtures, place, serveHTTP } from "./sandbox.mjs";

const required = {
  "2026-07-28": [
    "server-stateless",
    "completion-complete",
    "tools-list",
    "server-sse-multiple-streams",
    "resources-list",
    "sep-2164-resource-not-found",
    "prompts-list",
    "dns-rebinding-protection",
    "caching",
    "http-header-validation",
    "input-required-result-missing-input-response",
    "input-required-result-unsupported-methods",
    "input-required-result-ignore-extra-params",
    "input-required-result-validate-input",
  ],
  "2025-11-25": [
    "server-initialize",
    "ping",
    "completion-complete",
    "tools-list",
    "server-sse-multiple-streams",
    "resources-list",
    "prompts-list",
    "dns-rebinding-protection",
    "server-session-lifecycle",
    "server-sse-polling",
  ],
};

// What the test tools add. Not offered, and so not required: logging, sampling and roots, which
// the protocol gives up; subscriptions to single resources; and asking the client in the
// era with sessions, of which this server keeps none.
const content = [
  "tools-call-simple-text",
  "tools-call-image",
  "tools-call-audio",
  "tools-call-embedded-resource",
  "tools-call-mixed-content",
  "tools-call-error",
  "tools-call-with-progress",
  "resources-read-text",
  "resources-read-binary",
  "resources-templates-read",
  "prompts-get-simple",
  "prompts-get-with-args",
  "prompts-get-embedded-resource",
  "prompts-get-with-image",
];
const asking = [
  "input-required-result-basic-elicitation",
  "input-required-result-basic-sampling",
  "input-required-result-basic-list-roots",
  "input-required-result-request-state",
  "input-required-result-multiple-input-requests",
  "input-required-result-multi-round",
  "input-required-result-non-tool-request",
  "input-required-result-result-type",
  "input-required-result-tampered-state",
  "input-required-result-capability-check",
];
const withTools = { "2026-07-28": [...content, ...asking], "2025-11-25": content };

// checksOf are what the suite found out, by scenario.
function checksOf(folder) {
  const byScenario = new Map();
  for (const name of readdirSync(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)[1];
    byScenario.set(scenario, JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8")));
  }
  return byScenario;
}

// run runs the suite at an address and gives how many checks of the scenarios failed.
function run(what, url, folder, path, scenariosOf) {
  let failed = 0;
  for (const [revision, scenarios] of Object.entries(scenariosOf)) {
    const out = join(folder, what, revision);
    mkdirSync(out, { recursive: true });
    const suite = spawnSync(join(bin, "conformance"), ["server", "--url", url, "--requirements", revision, "-o", out], {
      env: { HOME: folder, PATH: path },
      encoding: "utf8",
      timeout: 300_000,
    });
    const found = checksOf(out);
    assert(found.size > 0, `the suite did not run: ${suite.stdout}${suite.stderr}`);
    let passed = 0;
    for (const scenario of scenarios) {
      const checks = found.get(scenario);
      assert(checks, `${revision} has no scenario ${scenario} any more`);
      passed += checks.filter((check) => check.status === "SUCCESS").length;
      // Untestable is what the suite itself says of checks that need its test tools.
      for (const check of checks.filter((check) => check.status === "FAILURE" && !check.details?.untestable)) {
        failed++;
        console.log(`FAIL  ${what} ${revision} ${scenario} ${check.id}: ${check.errorMessage}`);
      }
    }
    console.log(`${what} ${revision}: ${scenarios.length} of ${found.size} scenarios are required; ${passed} checks in them passed`);
  }
  return failed;
}

const { folder, environment, end } = await place();
const server = await serveHTTP(environment);
let failed = run("program", server.url, folder, environment.PATH, required);
await server.stop();
await end();

const suite = spawn(fixtures, ["-test.run", "^TestProgressComes", "-fixtures"], { stdio: ["pipe", "ignore", "pipe"] });
const ended = new Promise((resolve) => suite.on("close", resolve));
const url = await new Promise((resolve, reject) => {
  let said = "";
  suite.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
    const address = / url=(\S+)/.exec(said);
    if (address) resolve(address[1]);
  });
  ended.then((status) => reject(new Error(`the test tools ended with ${status}:\n${said}`)));
});
const all = Object.fromEntries(Object.entries(required).map(([revision, scenarios]) => [revision, [...scenarios, ...withTools[revision]]]));
failed += run("test tools", url, folder, environment.PATH, all);
suite.stdin.end();
assert.equal(await ended, 0);
process.exitCode = failed > 0 ? 1 : 0;
