import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What was found, with the files that show it. */
export class Findings {
  /** @type {{ reason: string, file?: string }[]} */
  list = [];
  /** @type {string | undefined} */
  folder;

  /** @param {string} reason @param {{ name: string, bytes: Buffer }} [evidence] */
  add(reason, evidence) {
    process.stderr.write(`${reason}\n`);
    if (!evidence) {
      this.list.push({ reason });
      return;
    }
    this.folder ??= mkdtempSync(join(tmpdir(), "sotto-fuzz-findings-"));
    mkdirSync(this.folder, { recursive: true });
    const file = join(this.folder, evidence.name);
    writeFileSync(file, evidence.bytes);
    this.list.push({ reason, file });
  }
}
