/** The words of a text for comparison: lower case, without marks; scripts without spaces one character at a time. */
export function heardWords(text: string): string[] {
  return (
    text
      .toLowerCase()
      .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

/** How many of the members have to be put in, taken out or changed to make one list of the other (Levenshtein). */
export function editDistance<Member>(a: readonly Member[], b: readonly Member[]): number {
  let above = Uint32Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const here = new Uint32Array(b.length + 1);
    here[0] = row;
    for (let column = 1; column <= b.length; column++) {
      const changed = (above[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      here[column] = Math.min(changed, (above[column] as number) + 1, (here[column - 1] as number) + 1);
    }
    above = here;
  }
  return above[b.length] as number;
}
