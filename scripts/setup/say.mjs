/**
 * The scripts' own lines. They go to standard error: standard output belongs to what the server or the tests print.
 */
const CLEAR_LINE = "\r\x1b[2K";
const PLAIN_LINE_EVERY_MS = 15_000;

let liveShown = false;
let plainSaidAt_ms = 0;

/** @param {string} line */
export function say(line) {
  endLive();
  process.stderr.write(`${line}\n`);
}

/**
 * One line that replaces itself on a terminal; in a pipe or a log, a plain line now and then.
 * @param {string} line
 */
export function sayLive(line) {
  if (process.stderr.isTTY) {
    const columns = process.stderr.columns || 80;
    process.stderr.write(CLEAR_LINE + line.slice(0, columns - 1));
    liveShown = true;
  } else if (Date.now() - plainSaidAt_ms >= PLAIN_LINE_EVERY_MS) {
    plainSaidAt_ms = Date.now();
    process.stderr.write(`${line}\n`);
  }
}

export function endLive() {
  if (liveShown) process.stderr.write(CLEAR_LINE);
  liveShown = false;
}
