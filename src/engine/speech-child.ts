import { statSync } from "node:fs";
import { SPEECH_FRAME_SAMPLES } from "../core/audio.js";
import { fileStamp } from "../core/file-stamp.js";
import { loadAddon, type NativeSpeechJudge } from "./addon.js";
import { readStretches } from "./read-stretches.js";
import type { FromSpeech, SpeechFindings, SpeechJob, SpeechSetup, ToSpeech } from "./speech-protocol.js";
import { unsteadyFrames } from "./steady-sound.js";

/*
 * The process that finds speech, with Silero VAD. It is a process of its own because the server loads no native code. It
 * keeps nothing of a recording: what the network carries from piece to piece comes with each piece and goes back. Pieces
 * are short, so it computes on its main thread.
 */

let judge: NativeSpeechJudge | undefined;
let buffer = new Int16Array(0);

function open({ modelPath, modelStamp, cpuModule }: SpeechSetup): NativeSpeechJudge {
  const addon = loadAddon();
  addon.loadBackend(cpuModule);
  if (fileStamp(statSync(modelPath)) !== modelStamp) throw new Error("the file changed since it was checked");
  return addon.openSpeechJudge(modelPath);
}

function findingsOf({ place, firstSample, sampleCount, state }: SpeechJob): SpeechFindings {
  judge ??= open(JSON.parse(process.argv[2] ?? "") as SpeechSetup);
  // One buffer for all pieces: thousands of their own would wait for the collector.
  if (buffer.length < sampleCount) buffer = new Int16Array(sampleCount);
  const pcm = buffer.subarray(0, sampleCount);
  readStretches(place, [{ firstSample, sampleCount }], pcm);
  const startedMs = performance.now();
  const judged = isDigitalSilence(pcm) ? silence(pcm.length) : judgeUnsteady(judge, pcm, state);
  return { ...judged, computeMs: performance.now() - startedMs };
}

function answerTo(job: SpeechJob): { findings: SpeechFindings } | { reason: string } {
  try {
    return { findings: findingsOf(job) };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/** In steady noise nobody speaks; after it the network begins anew. */
function judgeUnsteady(by: NativeSpeechJudge, pcm: Int16Array, state: Float32Array) {
  const { probabilities } = silence(pcm.length);
  let carried = { end: 0, state };
  for (const { first, end } of unsteadyFrames(pcm)) {
    const part = pcm.subarray(first * SPEECH_FRAME_SAMPLES, end * SPEECH_FRAME_SAMPLES);
    const judged = by.judge(part, first === carried.end ? carried.state : new Float32Array(0));
    probabilities.set(judged.probabilities, first);
    carried = { end, state: judged.state };
  }
  return { probabilities, state: carried.state };
}

/** Nobody has to ask a network; and after it the network begins anew, as at a recording's start. */
function isDigitalSilence(pcm: Int16Array): boolean {
  return pcm.every((sample) => sample >= -1 && sample <= 1);
}

function silence(sampleCount: number) {
  return { probabilities: new Float32Array(Math.ceil(sampleCount / SPEECH_FRAME_SAMPLES)), state: new Float32Array(0) };
}

process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
// A terminal's Ctrl-C reaches the whole group; the server decides when this ends.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => {});
process.on("message", ({ jobId, job }: ToSpeech) => {
  const answer = answerTo(job);
  process.send?.({ jobId, residentBytes: process.memoryUsage.rss(), ...answer } satisfies FromSpeech, () => {});
});
