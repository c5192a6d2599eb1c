/** Memory that a worker thread shares with its process's main thread while it is deaf to messages: words of 32 bits. */
const CANCEL = 0;
const STEPS = 1;
const WORDS = 2;

export function newControlWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
}

/** The native side reads the first word before every node of a graph, and stops when it is not zero. */
export function cancel(control: Int32Array): void {
  Atomics.store(control, CANCEL, 1);
}

/** Called between native calls: a window that makes no step for long is stuck. */
export function countStep(control: Int32Array): void {
  Atomics.add(control, STEPS, 1);
}

export function stepsOf(control: Int32Array): number {
  return Atomics.load(control, STEPS);
}
