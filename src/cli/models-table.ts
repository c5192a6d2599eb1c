import { catalog } from "../catalog/catalog.js";
import type { BrokenModel, InstalledModel } from "../catalog/model-store.js";
import { type SpeechModelState, speechEntry } from "../catalog/speech-model.js";
import { alignColumns } from "./columns.js";

const COLUMNS = ["", "ID", "STATE", "BYTES", "QUANTIZATION", "LANGUAGES", ""];
const BYTES_COLUMN = 3;

export interface ModelsOnDisk {
  models: readonly InstalledModel[];
  broken: readonly BrokenModel[];
  /** Id of the model that serves when nobody names one. */
  defaultId: string | undefined;
  /** The weights that find speech. */
  speech: SpeechModelState;
}

/** What is installed, what is damaged, and what the catalog has beyond that; one line each. */
export function modelsTable({ models, broken, defaultId, speech }: ModelsOnDisk): string {
  const known = new Set([...models, ...broken].map(({ id }) => id));
  const rows = [
    COLUMNS,
    ...models.map((model) => installedRow(model, model.id === defaultId)),
    ...broken.map((model) => ["", model.id, "damaged", formatBytes(model.bytes), "", "", model.reason]),
    ...catalog()
      .filter((entry) => !known.has(entry.id) && !entry.bundled)
      .map((entry) => [
        "",
        entry.id,
        "available",
        formatBytes(entry.bytes),
        entry.quantization ?? "",
        entry.languages === "en" ? "English" : "multilingual",
        "",
      ]),
    speechRow(speech),
  ];
  const footer = defaultId === undefined ? "No model is installed." : "* is the default model.";
  return `${alignColumns(rows, BYTES_COLUMN)}\n\n${footer} To install another: npx sotto models pull ID\n`;
}

function installedRow(model: InstalledModel, isDefault: boolean): string[] {
  return [
    isDefault ? "*" : "",
    model.id,
    "installed",
    formatBytes(model.bytes),
    model.quantization,
    model.languages.length === 1 ? "English" : "multilingual",
    model.demonstration ? `for demonstration; knows ${model.demonstration}` : "",
  ];
}

const SPEECH_STATES = { installed: "installed", missing: "available", broken: "damaged" } as const;

function speechRow(speech: SpeechModelState): string[] {
  const { id, bytes } = speechEntry();
  const note = speech.state === "broken" ? speech.reason : "finds speech in recordings";
  return ["", id, SPEECH_STATES[speech.state], formatBytes(bytes), "", "", note];
}

/** 147951465 → `147,951,465`, as `ls` and download pages count. */
function formatBytes(bytes: number | undefined): string {
  return bytes === undefined ? "" : bytes.toLocaleString("en-US");
}
