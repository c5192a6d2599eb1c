import { type SottoError, sottoError } from "../core/errors.js";

/**
 * What ffmpeg's complaints mean for whoever sent the file, first match first. ffmpeg's own words stay in the log: they
 * hold paths. The texts are those of ffmpeg 4 to 7 (`fftools/ffmpeg_opt.c`, `ffmpeg_mux_init.c`, `libavformat/demux.c`).
 */
const MEANINGS: readonly [pattern: RegExp, reason: string][] = [
  [
    /not on whitelist/i,
    "it is a playlist or script that points at other files, or a format that this server does not open",
  ],
  [/moov atom not found/i, "its index (the moov atom) is missing, so the end of the file was probably cut off"],
  [/encrypt|DRM/i, "it is encrypted"],
  [
    /Decoder \(codec .*\) not found|Decoder not found|no decoder found|Unknown decoder|Could not find codec parameters for stream \d+ \(Audio/i,
    "the ffmpeg of this server has no decoder for its audio codec",
  ],
  [/Invalid data found/i, "its content is damaged, or no known audio or video format"],
];

/** What the request asked of the recording. */
interface Wish {
  audioTrack?: number | undefined;
  containers?: readonly string[] | undefined;
}

/** Makes an error of an ffmpeg run that yielded no audio. */
export function decodeFailure(stderr: string, { audioTrack = 0, containers }: Wish = {}): SottoError {
  const cause = new Error(stderr.trim() || "ffmpeg wrote nothing");
  if (/matches no streams|does not contain any stream/i.test(stderr)) {
    if (audioTrack > 0) {
      const details = { name: "audio_track", expected: "the number of an audio stream of the file, counted from 0" };
      return sottoError("invalid_value", { ...details, received: String(audioTrack) }, { param: "audio_track", cause });
    }
    return sottoError("no_audio_stream", {}, { param: "file", cause });
  }
  if (containers && /not on whitelist/i.test(stderr)) {
    const details = {
      name: "file",
      expected: `a recording in one of ${containers.join(", ")}`,
      received: "another format",
    };
    return sottoError("invalid_value", details, { param: "file", cause });
  }
  const meaning = MEANINGS.find(([pattern]) => pattern.test(stderr));
  return undecodable(meaning?.[1] ?? "no audio came out of it", cause);
}

/** `undecodable_audio` for a reason that holds no path. */
export function undecodable(reason: string, cause?: unknown): SottoError {
  return sottoError("undecodable_audio", { reason }, { param: "file", cause });
}
