import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FIXTURES, type Fixture } from "../support/fixtures.js";
import { postFile, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const NAMES: Record<string, string> = { en: "english", es: "spanish", de: "german", fr: "french" };
/** Sentences, where digits have no language to be told by. */
const sentences = FIXTURES.filter(({ file }) => /^(sentence|question|minute-[a-z])/.test(file));

interface Verbose {
  text: string;
  language: string;
  segments: { start: number; end: number; text: string }[];
}

let server: RunningServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

async function heard(fixture: Fixture, route: string, fields: Record<string, string> = {}): Promise<Verbose> {
  const reply = await postFile(`${server.url}/v1/audio/${route}`, fixture.path, {
    response_format: "verbose_json",
    ...fields,
  });
  assert.equal(reply.status, 200);
  return (await reply.json()) as Verbose;
}

for (const language of Object.keys(NAMES)) {
  const spoken = sentences.filter((fixture) => fixture.language === language);

  test(`${language}: there are fixtures`, () => assert.ok(spoken.length >= 2));

  for (const fixture of spoken) {
    test(`${fixture.file}: the language is found, the sentences are written as they are, each with its time`, async () => {
      const reply = await heard(fixture, "transcriptions");
      assert.equal(reply.language, NAMES[language]);
      assert.equal(reply.text.trim().replace(/\s+/g, " "), fixture.text);
      assert.deepEqual(
        reply.segments.map(({ text }) => wordsOf(text)),
        fixture.utterances.map(({ text }) => wordsOf(text)),
      );
      for (const [index, { startSec }] of fixture.utterances.entries()) {
        const start = reply.segments[index]?.start ?? Number.NaN;
        assert.ok(Math.abs(start - startSec) <= 0.5, `starts at ${startSec} s, was told as ${start} s`);
      }
    });

    if (fixture.translation !== undefined) {
      test(`${fixture.file}: in English when a translation is asked for`, async () => {
        const reply = await heard(fixture, "translations");
        assert.deepEqual(wordsOf(reply.text), wordsOf(fixture.translation ?? ""));
      });
    }
  }
}
