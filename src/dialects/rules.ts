import { sottoError } from "../core/errors.js";
import type { TranscribeRequest } from "../core/request.js";
import { wrongValue } from "./field-value.js";

/** What holds between fields. Each dialect names the rules it has. */
export type Rule = (request: TranscribeRequest) => void;

/** OpenAI: `timestamp_granularities` needs `verbose_json`. */
export const wordsNeedVerboseJson: Rule = ({ granularities, responseFormat }) => {
  if (!granularities.includes("word") || responseFormat === "verbose_json") return;
  throw wrongValue("timestamp_granularities", "'segment', or response_format verbose_json", "word");
};

const STREAMED_FORMATS = ["json", "text", "diarized_json"];

/** Events carry text and nothing else. */
export const streamIsText: Rule = ({ stream, responseFormat }) => {
  if (!stream || STREAMED_FORMATS.includes(responseFormat)) return;
  throw wrongValue("response_format", "json or text where stream is true", responseFormat);
};

export const speakersAreInOrder: Rule = ({ minSpeakers, maxSpeakers }) => {
  if (minSpeakers === undefined || maxSpeakers === undefined || minSpeakers <= maxSpeakers) return;
  throw wrongValue("min_speakers", `a number not above max_speakers (${maxSpeakers})`, String(minSpeakers));
};

/** OpenAI: a reference to each name. */
export const speakersHaveVoices: Rule = ({ knownSpeakerNames, knownSpeakerReferences }) => {
  const { length } = knownSpeakerNames;
  const name = "known_speaker_references";
  if (knownSpeakerReferences.length !== length) {
    const details = { name, expected: `one for each name (${length})`, received: `${knownSpeakerReferences.length}` };
    throw sottoError("invalid_value", details, { param: name });
  }
  const wrong = knownSpeakerReferences.find((reference) => !/^data:[^,]*,./.test(reference));
  if (wrong !== undefined) throw wrongValue(name, "data URLs", wrong);
};
