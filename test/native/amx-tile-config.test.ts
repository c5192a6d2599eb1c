import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";

const compiler = process.env.CXX ?? "c++";
const folder = mkdtempSync(join(tmpdir(), "sotto-amx-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** As ggml fills its tile configuration (`ggml_tile_config_init`, ggml/src/ggml-cpu/amx/mmq.cpp). */
const SOURCE = `
#include <immintrin.h>
#include <cstdint>
struct tile_config_t { uint8_t palette_id = 0, start_row = 0, reserved[14] = {0}; uint16_t colsb[16] = {0}; uint8_t rows[16] = {0}; };
void init() {
    static thread_local bool done = false;
    if (done) return;
    alignas(64) tile_config_t tc = {};
    tc.palette_id = 1;
    tc.rows[0] = 8; tc.colsb[0] = 64; tc.rows[1] = 8; tc.colsb[1] = 64;
    for (int i = 2; i < 8; ++i) { tc.rows[i] = 16; tc.colsb[i] = i < 4 ? 32 : 64; }
    _tile_loadconfig(&tc);
    done = true;
}
`;
const isGcc = () =>
  /\bGCC\b|Free Software Foundation/.test(spawnSync(compiler, ["--version"], { encoding: "utf8" }).stdout);
const skip = process.arch !== "x64" ? "no x86" : !isGcc() && "not GCC";

/** Bytes of the 64 of the configuration that are written before it is loaded. */
function bytesStored(level: string, flags: string[]): number {
  const [source, assembly] = [join(folder, "tile.cpp"), join(folder, "tile.s")];
  writeFileSync(source, SOURCE);
  const tuning = ["-march=x86-64-v3", "-mamx-tile", "-mno-red-zone", "-fno-stack-protector"];
  execFileSync(compiler, [level, ...tuning, ...flags, "-S", source, "-o", assembly]);
  const before = readFileSync(assembly, "utf8").split("ldtilecfg")[0] ?? "";
  const widths: [RegExp, number][] = [
    [/\bvmovdq[au]\d*\s+%ymm\d+,\s*-?\w*\(/g, 32],
    [/\bvmovdq[au]\d*\s+%xmm\d+,\s*-?\w*\(/g, 16],
    [/\bvmovaps\s+%xmm\d+,\s*-?\w*\(/g, 16],
    [/\bvmov[qd]\s+%xmm\d+,\s*-?\w*\(/g, 8],
    [/\bmovq\s+[%$][^,]+,\s*-?\w*\(%r[sb]p\)/g, 8],
    [/\bmovl\s+[%$][^,]+,\s*-?\w*\(%r[sb]p\)/g, 4],
    [/\bmovw\s+[%$][^,]+,\s*-?\w*\(%r[sb]p\)/g, 2],
  ];
  return widths.reduce((sum, [pattern, width]) => sum + width * (before.match(pattern)?.length ?? 0), 0);
}

test("with our header in front, GCC fills all 64 bytes of an AMX tile configuration before it loads it", {
  skip,
}, (t) => {
  const mend = ["-include", join(packageRoot(), "native/engine/amx-tile-config.h")];
  for (const level of ["-O2", "-O3"]) {
    const stored = bytesStored(level, mend);
    assert.ok(stored >= 64, `${level}: ${stored} bytes`);
    t.diagnostic(`${level}: ${stored} bytes with the header, ${bytesStored(level, [])} without`);
  }
});
