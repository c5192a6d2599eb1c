/**
 * Speech after nine hours of next to nothing: found at the right time, in the memory that a minute takes?
 *
 *   npm run stress:sparse -- [--hours 10] [--silero] [--hiss]
 *
 * Posts a recording of a minute to one server and one of ten hours, with a clip after nine of them, to another, and prints
 * each one's time, the peak of its processes' resident memory, and where the clip was found, as a line of JSON. `--silero`
 * pulls the weights of Silero VAD; `--hiss` puts a faint noise under all, so that no silence is digital.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openAsBlob, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "10" },
    silero: { type: "boolean", default: false },
    hiss: { type: "boolean", default: false },
  },
});
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLIP = join(ROOT, "test/fixtures/five-digits.opus");
const MAIN = join(ROOT, "dist/main.js");
const folder = mkdtempSync(join(tmpdir(), "sotto-sparse-"));

/** The clip between two silences. */
function recording(name, beforeSec, afterSec) {
  const path = join(folder, name);
  const source = values.hiss ? "anoisesrc=r=16000:amplitude=0.0006" : "anullsrc=r=16000:cl=mono";
  const around = ["-f", "lavfi", "-t", String(beforeSec), "-i", source, "-i", CLIP];
  const after = ["-f", "lavfi", "-t", String(afterSec), "-i", source];
  const joined = "[1:a]aresample=16000,aformat=channel_layouts=mono[c];[0:a][c][2:a]concat=n=3:v=0:a=1";
  execFileSync("ffmpeg", ["-v", "error", "-y", ...around, ...after, "-filter_complex", joined, "-c:a", "flac", path]);
  return path;
}

function residentMb(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

const childrenOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};
const programOf = (pid) => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return /speech-child/.test(line) ? "speech" : /host\.js/.test(line) ? "engine" : "ffmpeg";
  } catch {
    return "ffmpeg";
  }
};

async function measure(path, clipStartSec) {
  const home = mkdtempSync(join(folder, "home-"));
  if (values.silero)
    execFileSync(process.execPath, [MAIN, "models", "pull", "silero-vad", "--home", home], { stdio: "ignore" });
  const server = spawn(process.execPath, [MAIN, "serve", "--port", "0", "--home", home], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const peaks = {};
  const look = setInterval(() => {
    const note = (name, mb) => {
      peaks[name] = Math.max(peaks[name] ?? 0, Math.round(mb));
    };
    note("server", residentMb(server.pid));
    for (const pid of childrenOf(server.pid)) note(programOf(pid), residentMb(pid));
  }, 50);
  const form = new FormData();
  for (const [name, value] of [
    ["language", "en"],
    ["response_format", "verbose_json"],
    ["include[]", "diagnostics"],
  ])
    form.append(name, value);
  form.append("file", await openAsBlob(path), "recording.flac");
  const startedMs = performance.now();
  const reply = await fetch(`${line.replace("listening on ", "")}/v1/audio/transcriptions`, {
    method: "POST",
    body: form,
  });
  const body = await reply.json();
  const tookMs = performance.now() - startedMs;
  clearInterval(look);
  server.kill("SIGTERM");
  await once(server, "exit");
  if (reply.status !== 200) throw new Error(JSON.stringify(body));
  return {
    durationSec: body.duration,
    text: body.text,
    startErrorMs: Math.round(1000 * ((body.segments[0]?.start ?? Number.NaN) - clipStartSec)),
    windows: body.diagnostics.windows,
    vadMs: body.diagnostics.vad_ms,
    tookMs: Math.round(tookMs),
    peakResidentMb: peaks,
  };
}

try {
  const hours = Number(values.hours);
  const fixtures = JSON.parse(readFileSync(join(ROOT, "test/fixtures/fixtures.json"), "utf8"));
  const offsetSec = fixtures.find(({ file }) => file === "five-digits.opus").utterances[0]?.startSec ?? 0;
  const long = recording("long.flac", (hours - 1) * 3600, 3600);
  const minute = recording("minute.flac", 50, 5);
  const result = {
    detector: values.silero ? "silero" : "energy",
    hiss: values.hiss,
    minute: await measure(minute, 50 + offsetSec),
    long: await measure(long, (hours - 1) * 3600 + offsetSec),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim(),
  };
  console.log(JSON.stringify(result, null, 1));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
