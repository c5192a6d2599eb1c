import { BYTES_PER_MIB } from "../core/memory.js";

/** Node, the addon and a thread's heap in the engine process. */
const PROCESS_BYTES = 90 * BYTES_PER_MIB;
const WORKER_BYTES = 12 * BYTES_PER_MIB;

/** What an engine process will take: weights, the sessions of its workers, and the process itself. */
export function engineBytes(model: { bytes: number; sessionBytes: number }, workers: number): number {
  return PROCESS_BYTES + model.bytes + workers * (model.sessionBytes + WORKER_BYTES);
}

/** More than this is a leak, not need. */
export function residentCeilingBytes(expectedBytes: number): number {
  return 1.5 * expectedBytes + 256 * BYTES_PER_MIB;
}
