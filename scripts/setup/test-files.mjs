import { Failure } from "./failure.mjs";

/**
 * The compiled test files among all that lie in the output folder, those of the given words if there are any.
 * Node 20's test runner expands no patterns, so they are listed for it.
 * @param {string[]} found paths relative to the folder
 * @param {string[]} words
 */
export function chooseTestFiles(found, words) {
  const tests = found.filter((path) => path.endsWith(".test.js")).sort();
  const chosen = tests.filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  if (chosen.length === 0) {
    const asked = words.length === 0 ? "in test" : `whose path holds ${words.join(" or ")}`;
    throw new Failure(`Expected test files ${asked}, found none among ${tests.length}.`);
  }
  return chosen;
}
