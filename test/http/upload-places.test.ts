import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { UploadPlaces } from "../../src/http/upload-places.js";

function refusalOf(places: UploadPlaces): SottoError {
  try {
    places.enter();
  } catch (error) {
    assert.ok(error instanceof SottoError);
    return error;
  }
  throw new Error("there was a place");
}

test("as many uploads come in at once as there are places, and one that ends makes room, once", () => {
  const places = new UploadPlaces(2);
  const [first] = [places.enter(), places.enter()];
  assert.equal(refusalOf(places).code, "queue_full");
  first?.[Symbol.dispose]();
  first?.[Symbol.dispose]();
  assert.equal(places.taken, 1);
  places.enter();
  assert.equal(refusalOf(places).status, 429);
});

test("each that is refused is promised a place of its own, by what uploads took so far", () => {
  let nowMs = 0;
  const places = new UploadPlaces(4, () => nowMs);
  // Uploads of 40 s: every ten seconds a place of four becomes free.
  for (let round = 0; round < 40; round++) {
    const upload = places.enter();
    nowMs += 40_000;
    upload[Symbol.dispose]();
  }
  for (let index = 0; index < 4; index++) places.enter();
  const waits = Array.from({ length: 4 }, () => refusalOf(places).retryAfterSec ?? 0);
  assert.deepEqual(waits, [13, 25, 38, 50], "a place every 10 s, and a quarter more for those that come unasked");
  nowMs += 1000;
  assert.equal(refusalOf(places).retryAfterSec, 62);
});
