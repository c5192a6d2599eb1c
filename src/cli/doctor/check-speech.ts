import { type SpeechModel, speechEntry } from "../../catalog/speech-model.js";
import type { Finding } from "./finding.js";

/** How speech is found in recordings. That it works shows in the main job, which finds some. */
export async function checkSpeech(model: SpeechModel): Promise<Finding> {
  const subject = "speech";
  const found = await model.find();
  const remedy = `for Silero VAD, which tells speech from music and noise: npx sotto models pull ${speechEntry().id}`;
  switch (found.state) {
    case "installed":
      return { state: "ok", subject, text: `found with Silero VAD ${found.version}` };
    case "missing":
      return { state: "note", subject, text: "found by energy: what stands out from the background", remedy };
    case "broken":
      return { state: "note", subject, text: `found by energy; Silero VAD is damaged: ${found.reason}`, remedy };
  }
}
