/**
 * Is anything written where nobody speaks?
 *
 *   npm run quality:speechless -- [--clips 200] [--first 0] [--longest 600] [--seed 1] [--model FILE]
 *                                [--silero] [--whisper-server PROGRAM [--rival-only]] [--json FILE]
 *
 * Makes clips without speech (`speechless-sounds.mjs`), of 1 s to --longest seconds, as many of each kind, and posts each to a
 * server of ours: as it is without Silero's weights, with them (--silero pulls them), and with `vad_filter=false`, where
 * the model hears everything and the guards alone stand between. --whisper-server names whisper.cpp's own server, which gets
 * the same clips and the same model; with --rival-only it alone gets them. Prints a row for each kind and way, every text, and a line of JSON; ends with 1 when
 * ours wrote anything. --first goes on where an earlier run ended.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wavOf } from "../eval/wav.mjs";
import { Random } from "../fuzz/random.mjs";
import { runMain } from "../setup/failure.mjs";
import { ROOT } from "../setup/root.mjs";
import { startServer } from "../stress/running-server.mjs";
import { askSotto, pullSilero } from "./ask-sotto.mjs";
import { measuredOn } from "./measured-on.mjs";
import { RATE_HZ, SPEECHLESS, spread } from "./speechless-sounds.mjs";

/**
 * @typedef {{ text: string, windows?: number, heldBack?: Record<string, number> }} Answer
 * @typedef {{ name: string, ask: (path: string) => Promise<Answer> }} Way
 */

const { values } = parseArgs({
  options: {
    clips: { type: "string", default: "200" },
    first: { type: "string", default: "0" },
    longest: { type: "string", default: "600" },
    seed: { type: "string", default: "1" },
    model: { type: "string", default: join(ROOT, "models/ggml-sotto-mini.bin") },
    silero: { type: "boolean", default: false },
    "whisper-server": { type: "string" },
    "rival-only": { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "sotto-speechless-"));
/** @type {(() => unknown)[]} */
const endings = [() => rmSync(folder, { recursive: true, force: true })];

await runMain(async () => {
  try {
    await main();
  } finally {
    for (const end of endings.reverse()) await end();
  }
});

async function main() {
  const ways = await startWays();
  const kinds = Object.keys(SPEECHLESS);
  /** @type {Map<string, { clips: number, withText: number, withWindows: number, heldBack: Record<string, number> }>} */
  const rows = new Map();
  let audioSec = 0;
  let ours = 0;
  for (let index = Number(values.first); index < Number(values.first) + Number(values.clips); index++) {
    const kind = /** @type {string} */ (kinds[index % kinds.length]);
    const random = new Random(Number(values.seed), index);
    const seconds = spread(random, 1, Number(values.longest));
    const path = join(folder, "clip.wav");
    const sound = /** @type {import("./speechless-sounds.mjs").Sound} */ (SPEECHLESS[kind]);
    writeFileSync(path, wavOf([sound(random, Math.round(seconds * RATE_HZ))], RATE_HZ));
    audioSec += seconds;
    for (const { name, ask } of ways) {
      const { text, windows = 0, heldBack = {} } = await ask(path);
      const key = `${name} | ${kind}`;
      const row = rows.get(key) ?? { clips: 0, withText: 0, withWindows: 0, heldBack: {} };
      rows.set(key, row);
      row.clips++;
      if (windows > 0) row.withWindows++;
      for (const [reason, count] of Object.entries(heldBack))
        row.heldBack[reason] = (row.heldBack[reason] ?? 0) + count;
      if (text === "") continue;
      row.withText++;
      if (name !== "whisper.cpp") ours++;
      console.log(`${name}: clip ${index}, ${kind}, ${seconds.toFixed(1)} s: ${JSON.stringify(text.slice(0, 200))}`);
    }
  }
  for (const [key, { clips, withText, withWindows, heldBack }] of rows) {
    const asked = key.startsWith("whisper.cpp") ? "" : `; the model was asked in ${withWindows}`;
    const held = Object.keys(heldBack).length > 0 ? `; held back ${JSON.stringify(heldBack)}` : "";
    console.log(`${key}: text in ${withText} of ${clips}${asked}${held}`);
  }
  const totals = ways.map(({ name }) => {
    const own = [...rows].filter(([key]) => key.startsWith(`${name} |`)).map(([, row]) => row);
    const sum = (/** @type {(row: typeof own[number]) => number} */ of) => own.reduce((all, row) => all + of(row), 0);
    return {
      way: name,
      clips: sum((row) => row.clips),
      withText: sum((row) => row.withText),
      asked: sum((row) => row.withWindows),
    };
  });
  const result = { audioHours: Number((audioSec / 3600).toFixed(2)), model: values.model, totals, ...measuredOn() };
  console.log(JSON.stringify(result));
  if (values.json)
    writeFileSync(values.json, `${JSON.stringify({ ...result, rows: Object.fromEntries(rows) }, undefined, 1)}\n`);
  if (ours > 0) process.exitCode = 1;
}

/** @returns {Promise<Way[]>} */
async function startWays() {
  const ways = values["rival-only"] ? [] : await startOurWays();
  if (values["whisper-server"]) {
    const url = await startWhisperServer(values["whisper-server"]);
    ways.push({ name: "whisper.cpp", ask: (path) => askWhisperServer(url, path) });
  }
  return ways;
}

/** @returns {Promise<Way[]>} */
async function startOurWays() {
  const byEnergy = await startOurs();
  /** @type {Way[]} */
  const ways = [
    { name: "energy", ask: (path) => askOurs(byEnergy.url, path) },
    { name: "no detector", ask: (path) => askOurs(byEnergy.url, path, [["vad_filter", "false"]]) },
  ];
  if (values.silero) {
    const withSilero = await startOurs();
    pullSilero(withSilero.home);
    ways.push({ name: "Silero", ask: (path) => askOurs(withSilero.url, path) });
  }
  return ways;
}

async function startOurs() {
  const server = await startServer(["--model", values.model]);
  endings.push(() => server.stop());
  return server;
}

/** @param {string} url @param {string} path @param {[string, string][]} fields @returns {Promise<Answer>} */
async function askOurs(url, path, fields = []) {
  const { body } = await askSotto(url, path, [["language", "en"], ["include[]", "diagnostics"], ...fields]);
  /** @type {Record<string, number>} */
  const heldBack = {};
  for (const { reason, text } of body.diagnostics.suppressed) {
    if (text !== "") heldBack[reason] = (heldBack[reason] ?? 0) + 1;
  }
  return { text: body.text, windows: body.diagnostics.windows, heldBack };
}

/** whisper.cpp's own server with its own defaults. @param {string} program */
async function startWhisperServer(program) {
  const port = await freePort();
  const child = spawn(
    program,
    ["-m", values.model, "-l", "en", "-t", "2", "--host", "127.0.0.1", "--port", String(port)],
    {
      stdio: "ignore",
    },
  );
  const exited = once(child, "exit");
  endings.push(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 600) throw new Error(`${program} did not start`);
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
  probe.close();
  return port;
}

/** @param {string} url @param {string} path @returns {Promise<Answer>} */
async function askWhisperServer(url, path) {
  const ask = async () => {
    const form = new FormData();
    form.append("response_format", "json");
    form.append("file", await openAsBlob(path), "clip.wav");
    return fetch(`${url}/inference`, { method: "POST", body: form });
  };
  // It closes idle connections at the moment they may be used again.
  const reply = await ask().catch(ask);
  const { text } = await reply.json();
  if (reply.status !== 200 || typeof text !== "string")
    throw new Error(`whisper.cpp's server answered ${reply.status}`);
  return { text: text.trim() };
}
