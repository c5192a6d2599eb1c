import type { ProviderDialect } from "../core/provider-settings.js";
import type { TranscribeRequest } from "../core/request.js";
import type { FileKind } from "./file-kind.js";
import type { Heard } from "./heard.js";

/** What a service cannot be asked for, by the field that asks. */
export type Inability = "task" | "speakers" | "logprobs" | "channel" | "audio_track";

/** A request in a service's own words; the recording goes with it as `file`. */
export interface WireRequest {
  /** After the base URL, query included. */
  path: string;
  fields: readonly (readonly [string, string])[];
  headers?: Readonly<Record<string, string>>;
}

/** A service's wire format, seen from the client's side: pure functions. */
export interface Wire {
  readonly dialect: ProviderDialect;
  /** Kinds of file that the service says it takes; undefined: it says nothing, so any. */
  readonly fileKinds: readonly FileKind[] | undefined;
  /** Largest upload unless the operator says otherwise, in MiB; undefined: none known. */
  readonly maxUploadMb: number | undefined;
  /** Whether it can send the text as it is made. */
  readonly streams: boolean;
  /** Why the service cannot serve the request as it stands; undefined: it can. What merely helps is left out silently. */
  inability(request: TranscribeRequest): Inability | undefined;
  /** @param model theirs; empty: the service chooses */
  write(request: TranscribeRequest, model: string): WireRequest;
  /** @throws ProviderFailure `garbage` */
  read(body: string): Heard;
}

/** What holds for every service: none of them takes a recording apart. */
export function commonInability({ channel, audioTrack }: TranscribeRequest): Inability | undefined {
  if (channel !== "mix") return "channel";
  return audioTrack === 0 ? undefined : "audio_track";
}

export function wantsSpeakers({ diarize, responseFormat }: TranscribeRequest): boolean {
  return diarize || responseFormat === "diarized_json";
}

/** The client's own text last: where a service takes only so much, its end counts. */
export function promptText({ keywords, prompt }: TranscribeRequest): string {
  return [keywords.join(", "), prompt ?? ""].filter((part) => part !== "").join(". ");
}

/** A field where there is something to say. */
export function optional(name: string, value: string | number | undefined): (readonly [string, string])[] {
  return value === undefined || value === "" ? [] : [[name, String(value)]];
}

/** 0 is every service's default. */
export function temperatureField({ temperature }: TranscribeRequest): (readonly [string, string])[] {
  return temperature === 0 ? [] : [["temperature", String(temperature)]];
}

/** The language to ask for: the named one, or the only one that may be heard. */
export function languageOf({ language, languages }: TranscribeRequest): string | undefined {
  return language ?? (languages.length === 1 ? languages[0] : undefined);
}

/** OpenAI's paths, which three others took over. */
export function audioPath({ task }: TranscribeRequest): string {
  return task === "translate" ? "/audio/translations" : "/audio/transcriptions";
}
