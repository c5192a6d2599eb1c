import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { readModelFile } from "../../src/catalog/model-file.js";
import { ModelFileError } from "../../src/catalog/model-file-error.js";
import { buildModel } from "./build-model.js";
import { temporaryFolder } from "./temporary-folder.js";

suite("the walk of a model file", () => {
  let folder: string;
  let path: string;
  const image = buildModel();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "sotto-walk-"));
    path = join(folder, "ggml-x.bin");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const walk = async (bytes: Buffer) => {
    await writeFile(path, bytes);
    return readModelFile(path);
  };
  const place = (name: string) => {
    const found = image.places.get(name);
    assert.ok(found !== undefined, name);
    return found;
  };
  const withInt = (name: string, value: number) => {
    const bytes = Buffer.from(image.bytes);
    bytes.writeInt32LE(value, place(name));
    return bytes;
  };
  const refused = async (bytes: Buffer, field?: RegExp) => {
    await assert.rejects(walk(bytes), (error: unknown) => {
      assert.ok(error instanceof ModelFileError, String(error));
      if (field) assert.match(error.field, field);
      assert.ok(!error.message.includes(folder), "a path in the message");
      return true;
    });
  };

  test("a right file is accepted with its facts", async () => {
    assert.deepEqual(await walk(image.bytes), {
      bytes: image.bytes.length,
      modelType: "custom",
      multilingual: false,
      languageCount: 1,
      quantization: "f16",
      parameterCount:
        51_864 * 4 + (64 + 3) * 4 + 3 * 80 * 4 + 3 * 16 + 2 * 4 + 4 * 4 + 2 * (228 + 12) + 3 * (228 + 12 + 84),
      vocabSize: 51_864,
      audioContext: 3,
      textContext: 64,
      state: 4,
      heads: 2,
      audioLayers: 2,
      textLayers: 3,
      melBins: 80,
    });
    assert.equal(image.tensorNames.length, 11 + 15 * 2 + 24 * 3);
  });

  test("sizes, languages and quantization are told", async () => {
    const tiny = await walk(buildModel({ vocabSize: 51_865, audioLayers: 4, state: 32, fileType: 2007 }).bytes);
    assert.deepEqual(
      [tiny.modelType, tiny.multilingual, tiny.languageCount, tiny.quantization],
      ["tiny", true, 99, "q8_0"],
    );
    const large = await walk(buildModel({ vocabSize: 51_866, audioLayers: 32, melBins: 128, textLayers: 2 }).bytes);
    assert.deepEqual([large.modelType, large.languageCount, large.quantization], ["large", 100, "f16"]);
  });

  test("tensors may come in any order", async () => {
    const [first, second] = [place("decoder.ln.weight: n_dims"), place("decoder.ln.bias: n_dims")];
    const end = place("encoder.conv1.weight: n_dims");
    const { bytes } = image;
    const swapped = [
      bytes.subarray(0, first),
      bytes.subarray(second, end),
      bytes.subarray(first, second),
      bytes.subarray(end),
    ];
    await walk(Buffer.concat(swapped));
  });

  // Files that end whisper.cpp's process, or that it accepts though they are garbage.
  const crafted: [string, number][] = [
    ["magic", 0x46554747],
    ["n_audio_layer", -1],
    ["n_audio_layer", 2_000_000_000],
    ["n_audio_layer", 0],
    ["n_audio_layer", 65],
    ["n_audio_state", -384],
    ["n_audio_state", 2_000_000],
    ["n_audio_state", 0],
    ["n_audio_head", 0],
    ["n_audio_head", -2],
    ["n_audio_head", 3],
    ["n_audio_ctx", 0],
    ["n_audio_ctx", 1501],
    ["n_text_ctx", 0],
    ["n_text_ctx", 449],
    ["n_text_state", 8],
    ["n_text_head", 4],
    ["n_text_layer", -1],
    ["n_text_layer", 2_000_000_000],
    ["n_text_layer", 49],
    ["n_vocab", 0],
    ["n_vocab", 51_867],
    ["n_vocab", 2_147_483_647],
    ["n_mels", 0],
    ["n_mels", 81],
    ["ftype", 0],
    ["ftype", -1],
    ["ftype", -999],
    ["ftype", 4],
    ["ftype", 28],
    ["ftype", 1007],
    ["ftype", 7],
    ["ftype", 2007],
    ["filters.n_mel", -1],
    ["filters.n_mel", 2_000_000_000],
    ["filters.n_fft", 200],
    ["vocabulary size", -1],
    ["vocabulary size", 0],
    ["vocabulary size", 51_865],
    ["vocabulary size", 2_000_000_000],
    ["token 3", -1],
    ["token 3", 256],
    ["token 3", 2_000_000_000],
    ["decoder.ln.weight: n_dims", 64],
    ["decoder.ln.weight: n_dims", 0],
    ["decoder.ln.weight: n_dims", -1],
    ["decoder.ln.weight: name length", -1],
    ["decoder.ln.weight: name length", 0],
    ["decoder.ln.weight: name length", 2_000_000_000],
    ["decoder.ln.weight: type", 1],
    ["decoder.ln.weight: type", 4711],
    ["decoder.ln.weight: type", -1],
    ["decoder.ln.weight: dim 0", 0],
    ["decoder.ln.weight: dim 0", -4],
    ["decoder.ln.weight: dim 0", 1_073_741_828],
  ];
  for (const [name, value] of crafted) {
    test(`${name} = ${value} is refused`, async () => {
      const tensor = /^(.*): (n_dims|name length|type|dim)/.exec(name);
      await refused(
        withInt(name, value),
        tensor ? undefined : new RegExp(name === "ftype" ? "ftype|quant|state" : name),
      );
    });
  }

  test("mel filters that hold infinities, huge or negative weights or no numbers at all are refused", async () => {
    const first = place("filters.n_fft") + 4;
    for (const weight of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0.5, 1.5, 3e38]) {
      for (const [row, column] of [
        [0, 0],
        [43, 100],
        [79, 200],
      ] as const) {
        const bytes = Buffer.from(image.bytes);
        bytes.writeFloatLE(weight, first + 4 * (row * 201 + column));
        await refused(bytes, new RegExp(`^mel filter ${row}$`));
      }
    }
  });

  test("more heads than any Whisper has are refused, since a window would take minutes", async () => {
    await walk(buildModel({ state: 128, heads: 128 }).bytes);
    await refused(buildModel({ state: 256, heads: 256 }).bytes, /^n_audio_head$/);
  });

  test("an f32 model is told to be converted, since it would abort on the CPU", async () => {
    await assert.rejects(walk(withInt("ftype", 0)), /f32; convert the model to f16/);
  });

  test("a tensor that comes twice, instead of another, is refused", async () => {
    const bytes = Buffer.from(image.bytes);
    bytes.write("encoder.blocks.0", place("encoder.blocks.1.mlp.0.bias: name"));
    await refused(bytes, /^tensor \d+ of 113$/);
  });

  test("an unknown tensor name is refused and printed harmlessly", async () => {
    const bytes = Buffer.from(image.bytes);
    bytes.write("\u001b[2Jdec", place("decoder.ln.bias: name"), "latin1");
    await assert.rejects(walk(bytes), /found '\?\[2Jdec/);
  });

  test("a vocabulary without a space is refused", async () => {
    const bytes = Buffer.from(image.bytes);
    bytes[place("token 32") + 4] = 0x21;
    await refused(bytes, /^vocabulary$/);
  });

  test("bytes after the last tensor are refused", async () => {
    for (const surplus of [1, 11, 12, 5000]) await refused(Buffer.concat([image.bytes, Buffer.alloc(surplus)]));
  });

  test("a file cut anywhere is refused", async () => {
    const places = [...image.places].filter(([name]) => !/^token .*[^0]$/.test(name));
    const ends = places.flatMap(([, start]) => [start, start + 1, start + 4]);
    ends.push(0, 1, image.bytes.length - 1, image.bytes.length - 4, image.bytes.length - 1000);
    await writeFile(path, image.bytes);
    for (const end of [...new Set(ends)].filter((at) => at < image.bytes.length).sort((a, b) => b - a)) {
      await truncate(path, end);
      await assert.rejects(readModelFile(path), ModelFileError, `cut at ${end}`);
    }
  });

  test("no single wrong byte in any header is accepted", async () => {
    const random = seededRandom(20_240_611);
    const headers = [...image.places].filter(([name]) => !name.endsWith(": weights"));
    for (let round = 0; round < 400; round++) {
      const [name, start] = headers[Math.floor(random() * headers.length)] as [string, number];
      const bytes = Buffer.from(image.bytes);
      const at = start + Math.floor(random() * 4);
      bytes[at] = (bytes[at] as number) ^ (1 + Math.floor(random() * 255));
      await assert.rejects(walk(bytes), ModelFileError, `${name}, byte ${at}, now ${bytes[at]}`);
    }
  });

  test("noise after a right header is refused", async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 20; round++) {
      const bytes = Buffer.from(image.bytes);
      for (let at = place("filters.n_mel") + 8 + 80 * 201 * 4; at < bytes.length; at++) bytes[at] = random() * 256;
      await refused(bytes);
    }
  });

  test("a path that whisper.cpp's log cannot hold is refused, though a file is there", async () => {
    const deep = join(folder, ...Array(4).fill("d".repeat(200)));
    await mkdir(deep, { recursive: true });
    const room = 900 - Buffer.byteLength(`${deep}/`);
    for (const [length, fits] of [
      [room, true],
      [room + 1, false],
    ] as const) {
      const long = join(deep, "m".repeat(length));
      await writeFile(long, image.bytes);
      if (fits) await readModelFile(long);
      else await assert.rejects(readModelFile(long), /path: expected at most 900 bytes, but found 901/);
    }
  });

  test("a folder and a missing file are refused without their path", async () => {
    await assert.rejects(readModelFile(folder), ModelFileError);
    await assert.rejects(readModelFile(join(folder, "none.bin")), (error: unknown) => {
      assert.ok(error instanceof ModelFileError && !error.message.includes(folder));
      return true;
    });
  });
});

/** Mulberry32: the same bytes in every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test("a pipe is refused at once, though nobody writes to it", async (t) => {
  const path = join(await temporaryFolder(t), "ggml-pipe.bin");
  execFileSync("mkfifo", [path]);
  await assert.rejects(readModelFile(path), /file: expected a regular one, but found something else/);
});
