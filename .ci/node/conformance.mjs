// The official conformance suite against the real program. Most scenarios call
// tools of a test server that this program does not have; those named below need
// nothing but what any server has, and every check in them must pass.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bin, place, serveHTTP } from "./sandbox.mjs";

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

// checksOf are what the suite found out, by scenario.
function checksOf(folder) {
  const byScenario = new Map();
  for (const name of readdirSync(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)[1];
    byScenario.set(scenario, JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8")));
  }
  return byScenario;
}

const { folder, environment, end } = await place();
const server = await serveHTTP(environment);
let failed = 0;
for (const [revision, scenarios] of Object.entries(required)) {
  const out = join(folder, revision);
  mkdirSync(out);
  const suite = spawnSync(join(bin, "conformance"), ["server", "--url", server.url, "--requirements", revision, "-o", out], {
    env: { HOME: folder, PATH: environment.PATH },
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
      console.log(`FAIL  ${revision} ${scenario} ${check.id}: ${check.errorMessage}`);
    }
  }
  console.log(`${revision}: ${scenarios.length} of ${found.size} scenarios need no test tools; ${passed} checks in them passed`);
}
await server.stop();
await end();
process.exitCode = failed > 0 ? 1 : 0;
