/**
 * `npm run fuzz:openapi [-- --examples 100] [--seed 1]`: schemathesis reads /openapi.json and sends what it allows and what
 * it forbids. Found is: a 5xx, a status, type or body that the document does not describe, a wrong request that is taken.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runMain } from "../setup/failure.mjs";
import { ROOT } from "../setup/root.mjs";
import { run } from "../setup/run.mjs";
import { startServer } from "../stress/running-server.mjs";
import { providePython } from "./python.mjs";

const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "unsupported_method",
];

const { values } = parseArgs({
  options: { examples: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});

await runMain(async () => {
  const programs = await providePython();
  const server = await startServer(["--log-level", "warn"]);
  try {
    const amount = ["--max-examples", values.examples, "--seed", values.seed];
    const phases = ["--phases", "examples,coverage,fuzzing", "--mode", "all", "--checks", CHECKS.join(",")];
    const args = ["run", `${server.url}/openapi.json`, ...amount, ...phases, "--request-timeout", "60", "--no-color"];
    const cwd = join(ROOT, "build/clients");
    const env = { ...process.env, SCHEMATHESIS_HOOKS: join(ROOT, "scripts/clients/schemathesis_hooks.py") };
    const { exitCode } = await run(join(programs, "schemathesis"), args, { cwd, env, stdout: "own" });
    process.exitCode = server.isAlive() ? exitCode : 1;
  } finally {
    await server.stop();
  }
});
