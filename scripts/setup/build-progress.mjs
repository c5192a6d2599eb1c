/**
 * Makes one short line of what cargo, make or ninja say, or nothing.
 * @param {string} line of `cargo build -vv`, where a build script's output has the crate's name before it
 * @returns {string | undefined}
 */
export function condense(line) {
  const ninja = /\[(\d+)\/(\d+)\] (?:Building|Linking)/.exec(line);
  if (ninja) return `building the engine: ${ninja[1]}/${ninja[2]}`;
  const make = /\[ *(\d+)%\] (?:Building|Linking|Built)/.exec(line);
  if (make) return `building the engine: ${make[1]} %`;
  const crate = /^\s*(?:Compiling|Downloading|Downloaded) (\S+)/.exec(line);
  if (crate?.[1] === "sotto-native") return "building the engine";
  if (crate) return `building the engine: its Rust parts (${crate[1]})`;
  return undefined;
}
