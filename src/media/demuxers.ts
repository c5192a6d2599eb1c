import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Container } from "../core/request.js";

const run = promisify(execFile);

/**
 * Demuxers that open something else than the file they are given: other files, URLs, devices, scripts. An upload in
 * such a format could make the server read its own disk or its own network. Devices that this ffmpeg lists as such are
 * added to these. Source of the names: ffmpeg `libavformat/allformats.c`, `libavdevice/alldevices.c`.
 */
const REFUSED = new Set([
  // Playlists and manifests
  ..."applehttp concat dash hls imf webm_dash_manifest".split(" "),
  // Sessions on the network
  ..."rtp rtsp sap sdp".split(" "),
  // Sequences of files named by a pattern, and companions of the named file
  ..."alias_pix brender_pix dvdvideo image2 image2pipe vobsub".split(" "),
  // Programs in a language of their own, some with access to files; SVG may refer to others
  ..."avisynth lavfi sbg svg_pipe vapoursynth".split(" "),
  // Any text that was made for a terminal
  "tty",
  // Devices
  ..."alsa android_camera avfoundation bktr decklink dshow fbdev gdigrab iec61883 jack kmsgrab".split(" "),
  ..."libcdio libdc1394 openal oss pulse sndio v4l2 vfwcap video4linux2 x11grab xcbgrab".split(" "),
]);

/** A line of `ffmpeg -demuxers`; ffmpeg 7.1 added the column that marks devices. Aliases are joined by commas. */
const LINE = /^ ?D[ E]?[ d]? +([\w,]+)/gm;

/** Asking takes some 50 ms; a machine that swaps may need seconds. */
const ASK_TIMEOUT_MS = 30_000;

const asked = new Map<string, Promise<string>>();

/**
 * The formats that an upload may have, for ffmpeg's `-format_whitelist`: all that this ffmpeg reads, less the refused.
 * Asked of each ffmpeg once.
 * @throws the system's error when ffmpeg cannot be run
 */
export function acceptedDemuxers(ffmpegPath: string): Promise<string> {
  const known = asked.get(ffmpegPath);
  if (known) return known;
  const answer = ask(ffmpegPath);
  asked.set(ffmpegPath, answer);
  // A failure is not kept: ffmpeg may be installed while the server runs.
  answer.catch(() => asked.delete(ffmpegPath));
  return answer;
}

/** ffmpeg's names for the families of containers; MPEG audio of any layer is its `mp3`. */
const FAMILIES: Record<Container, readonly string[]> = {
  mp3: ["mp3"],
  mp4: ["mp4"],
  mpeg: ["mpeg", "mpegts", "mpegvideo"],
  wav: ["wav", "w64"],
  webm: ["webm"],
};

/** Of the accepted formats those of some families alone. */
export function withinContainers(formats: string, containers: readonly Container[] | undefined): string {
  if (!containers) return formats;
  const wanted = new Set(containers.flatMap((container) => FAMILIES[container]));
  // A demuxer of several names is listed with all of them: `mov,mp4,m4a`.
  const accepted = new Set(formats.split(","));
  return [...wanted].filter((name) => accepted.has(name)).join(",");
}

async function ask(ffmpegPath: string): Promise<string> {
  const list = async (option: string) => {
    const { stdout } = await run(ffmpegPath, ["-hide_banner", option], { timeout: ASK_TIMEOUT_MS });
    return [...stdout.matchAll(LINE)].map((line) => line[1] ?? "");
  };
  const [demuxers, devices] = await Promise.all([list("-demuxers"), list("-devices")]);
  const refused = new Set([...REFUSED, ...devices.flatMap((name) => name.split(","))]);
  const accepted = demuxers.filter((names) => !names.split(",").some((name) => refused.has(name)));
  // An empty whitelist would let everything pass.
  if (accepted.length === 0) throw new Error("ffmpeg lists no demuxers");
  return accepted.join(",");
}
