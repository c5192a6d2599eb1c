/**
 * What does it cost when the client does not name the language?
 *
 *   npm run quality:language -- --model FILE --audio FILE [--rounds 5] [--json FILE]
 *
 * Posts the recording with `language=en` and without, in turn, and prints the medians and their ratio as a line of JSON; ends
 * with 1 when naming no language costs more than 5 %.
 */
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { runMain } from "../setup/failure.mjs";
import { startServer } from "../stress/running-server.mjs";
import { askSotto } from "./ask-sotto.mjs";
import { measuredOn } from "./measured-on.mjs";
import { median } from "./median.mjs";

const MOST_COST = 1.05;

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    audio: { type: "string" },
    rounds: { type: "string", default: "5" },
    json: { type: "string" },
  },
});
const { model, audio } = values;
if (!model || !audio) throw new Error("Expected --model FILE --audio FILE");

await runMain(async () => {
  const server = await startServer(["--model", model]);
  try {
    /** @type {[string, string][]} */
    const plain = [["include[]", "diagnostics"]];
    const given = () => askSotto(server.url, audio, [...plain, ["language", "en"]]);
    const absent = () => askSotto(server.url, audio, plain);
    await given();
    const givenMs = [];
    const absentMs = [];
    let windows = 0;
    let language = "";
    for (let round = 0; round < Number(values.rounds); round++) {
      givenMs.push((await given()).tookMs);
      const { tookMs, body } = await absent();
      absentMs.push(tookMs);
      ({ windows } = body.diagnostics);
      ({ language } = body);
    }
    const ratio = median(absentMs.map((ms, round) => ms / /** @type {number} */ (givenMs[round])));
    const result = {
      model: basename(model),
      language,
      windows,
      rounds: givenMs.length,
      givenMs: Math.round(median(givenMs)),
      absentMs: Math.round(median(absentMs)),
      ratio: Number(ratio.toFixed(3)),
      ...measuredOn(),
    };
    console.log(JSON.stringify(result));
    if (values.json) writeFileSync(values.json, `${JSON.stringify(result, undefined, 1)}\n`);
    if (ratio > MOST_COST) process.exitCode = 1;
  } finally {
    await server.stop();
  }
});
