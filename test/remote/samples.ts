import { mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProviderSettings } from "../../src/core/provider-settings.js";
import { readProviders } from "../../src/core/read-providers.js";
import { DEFAULT_REQUEST, type TranscribeRequest } from "../../src/core/request.js";
import { keptUpload } from "../../src/remote/kept-upload.js";
import type { RemoteJob } from "../../src/remote/provider.js";

/** Settings as the config file gives them, with what matters for a test. */
export function settingsOf(given: Partial<ProviderSettings>): ProviderSettings {
  const needed = { name: "one", dialect: "openai", baseUrl: "http://127.0.0.1:1/v1", models: { "*": "whisper-1" } };
  return readProviders([{ ...needed, ...given }])[0] as ProviderSettings;
}

/** A second of silence as WAV, longer by `extraBytes` of silence. */
export function wavFile(extraBytes = 0): string {
  const path = join(mkdtempSync(join(tmpdir(), "sotto-remote-")), "upload");
  const samples = Buffer.alloc(32_000);
  const header = Buffer.alloc(44);
  header.write("RIFF");
  header.writeUInt32LE(36 + samples.length + extraBytes, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(16_000, 24);
  header.writeUInt32LE(32_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.length + extraBytes, 40);
  writeFileSync(path, Buffer.concat([header, samples]));
  truncateSync(path, header.length + samples.length + extraBytes); // silence is a hole
  return path;
}

export async function jobOf(
  request: Partial<TranscribeRequest> = {},
  job: Partial<RemoteJob> = {},
): Promise<RemoteJob> {
  return {
    request: { ...DEFAULT_REQUEST, ...request },
    model: "whisper-1",
    upload: await keptUpload(wavFile()),
    durationMs: undefined,
    requestId: "req_1",
    ...job,
  };
}
