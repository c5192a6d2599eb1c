/** @typedef {[number, number, number]} Version */

/**
 * The first version number in a text: `cargo 1.95.0 (f2d3ce0bd 2026-03-21)` gives [1, 95, 0].
 * @param {string} text
 * @returns {Version | undefined}
 */
export function parseVersion(text) {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined;
}

/**
 * @param {Version} version
 * @param {Version} minimum
 */
export function isAtLeast(version, minimum) {
  for (let part = 0; part < 3; part++) {
    if (version[part] !== minimum[part]) return Number(version[part]) > Number(minimum[part]);
  }
  return true;
}

/**
 * Whether a version lies in a range such as `^20.17.0 || >=23.5.0`, the form of `engines` in package.json.
 * @param {string} text
 * @param {string} range
 */
export function isInRange(text, range) {
  const version = parseVersion(text);
  return range.split("||").some((part) => {
    const minimum = parseVersion(part);
    if (!version || !minimum) return false;
    return isAtLeast(version, minimum) && (!part.trim().startsWith("^") || version[0] === minimum[0]);
  });
}
