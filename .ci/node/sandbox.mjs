// Starts the program that `make` has built, for the checks beside this file.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
export const program = path("../../bin/supportmcp");
export const fixtures = path("../../bin/fixtures.test");
export const documents = path("../../docs");
export const bin = path("node_modules/.bin/");

// Nothing stays behind, also after a check that failed: last come, first gone.
const atExit = [];
process.on("exit", () => atExit.reverse().forEach((undo) => undo()));

// place is a folder that goes with this process, both vendors, and the environment of servers that share them
// and one ledger.
export async function place() {
  const folder = mkdtempSync(join(tmpdir(), "supportmcp-clients-"));
  atExit.push(() => rmSync(folder, { recursive: true, force: true }));
  const policy = join(folder, "policy.yaml");
  writeFileSync(policy, execFileSync(program, ["policy", "print-default"], { encoding: "utf8" }) + readFileSync(path("sections.yaml"), "utf8"));
  const vendors = await start(["sandbox", "--stripe", "127.0.0.1:0", "--intercom", "127.0.0.1:0"], {}, "stdout", /Ctrl-C/);
  const [, stripe, key] = /Stripe +(\S+) +key (\S+)/.exec(vendors.said);
  const [, intercom, token, admin] = /Intercom +(\S+) +token (\S+) +admin (\S+)/.exec(vendors.said);
  const environment = {
    HOME: folder,
    PATH: process.env.PATH,
    STRIPE_API_BASE: stripe,
    STRIPE_SECRET_KEY: key,
    INTERCOM_API_BASE: intercom,
    INTERCOM_ACCESS_TOKEN: token,
    INTERCOM_ADMIN_ID: admin,
    SUPPORTMCP_DATABASE_URL: `sqlite:${join(folder, "ledger", "ledger.db")}`,
    SUPPORTMCP_KNOWLEDGE: `northwind=${path("../../internal/sandbox/samples/knowledge")}`,
    SUPPORTMCP_POLICY: policy,
    SUPPORTMCP_TOOLSETS: "all",
  };
  return { folder, environment, end: vendors.stop };
}

// serveHTTP starts a server at a free port and gives its address.
export async function serveHTTP(environment, ...more) {
  const server = await start(["serve", "--http", "127.0.0.1:0", ...more], environment, "stderr", / url=(\S+)/);
  return { url: / url=(\S+)/.exec(server.said)[1], stop: server.stop };
}

// start runs the program until it has said what is waited for. Its stop wants an
// orderly end.
function start(args, environment, stream, ready) {
  const child = spawn(program, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  atExit.push(() => child.kill());
  const ended = new Promise((resolve) => child.on("close", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const status = await ended;
    if (status !== 0) throw new Error(`supportmcp ${args.join(" ")} ended with ${status}:\n${started.said}`);
  };
  const started = { said: "", stop };
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    ended.then((status) => reject(new Error(`supportmcp ${args.join(" ")} ended with ${status}:\n${started.said}`)));
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => {
        started.said += text;
        if (name === stream && ready.test(started.said)) resolve(started);
      });
    }
  });
}
