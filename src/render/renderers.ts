import type { ResponseFormat } from "../core/request.js";
import { renderDiarizedJson } from "./diarized-json.js";
import { renderJson } from "./json.js";
import type { Renderer } from "./rendered.js";
import { renderSrt } from "./srt.js";
import { renderText } from "./text.js";
import { renderVerboseJson } from "./verbose-json.js";
import { renderVtt } from "./vtt.js";

/** The renderer of every response format. */
export const RENDERERS: Record<ResponseFormat, Renderer> = {
  json: renderJson,
  text: renderText,
  srt: renderSrt,
  vtt: renderVtt,
  verbose_json: renderVerboseJson,
  diarized_json: renderDiarizedJson,
};
