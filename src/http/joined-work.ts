import { abortable } from "../core/abortable.js";
import { sottoError } from "../core/errors.js";
import type { KeptResults } from "./kept-results.js";

/** What makes two requests the same. */
export interface WorkIdentity {
  /** Digest of who asks, where, with which fields and about which recording. */
  content: string;
  /** The client's `Idempotency-Key`, made unlike the same key of any other caller. */
  key: string | undefined;
}

/** What a request would do unless another does the same already. */
export interface Work<Result, Step = never> {
  /**
   * @param signal aborts once nobody waits for the result any more
   * @param publish tells those who wait for the same work what is done so far
   */
  run(signal: AbortSignal, publish: (step: Step) => void): Promise<Result>;
  /** Called at once when another does the work. */
  onJoin?(): void;
  /** Of the other's work every step, from its first. */
  onStep?(step: Step): void;
  /** Gives back what the work needs: when it has ended, or at once when it is not begun. Called once; never rejects. */
  release(): Promise<void>;
}

export interface Joined<Result> {
  result: Result;
  /** Whether another request did the work. */
  joined: boolean;
}

interface Run<Result, Step> {
  /** Settles once the work has ended and has given back what it needed. */
  ended: Promise<Result>;
  stop: AbortController;
  waiting: number;
  keys: Set<string>;
  steps: Step[];
  /** What others would have done, who wait for this. */
  followers: Set<Work<Result, Step>>;
}

/**
 * Clients give up after some minutes and send the same upload again. It is not worked on twice: the later request waits for
 * the result of the one that runs. With an `Idempotency-Key` it gets the result also when the work has ended by then, for
 * as long as results are kept.
 */
export class JoinedWork<Result, Step = never> {
  readonly #kept: KeptResults<Result>;
  /** By content. */
  readonly #running = new Map<string, Run<Result, Step>>();
  /** Keys of running work → its content. */
  readonly #keys = new Map<string, string>();

  constructor(kept: KeptResults<Result>) {
    this.#kept = kept;
  }

  /**
   * Runs `work`, or waits for the same work that runs already. What `work` needs is its own from now on.
   * @param signal this client's own: when it aborts, it alone leaves; the work goes on for the others
   * @throws what the work throws, to all who wait; the signal's reason when it aborts, once nothing runs on for this client
   *   alone; SottoError `invalid_value` when the key came before with another request
   */
  async join(identity: WorkIdentity, signal: AbortSignal, work: Work<Result, Step>): Promise<Joined<Result>> {
    try {
      signal.throwIfAborted();
      this.#refuseOtherUseOf(identity);
    } catch (error) {
      await work.release();
      throw error;
    }
    const kept = identity.key === undefined ? undefined : this.#kept.get(identity.key);
    if (kept) {
      work.onJoin?.();
      await work.release();
      return { result: kept.result, joined: true };
    }

    const other = this.#running.get(identity.content);
    const run = other ?? this.#begin(identity.content, work);
    run.waiting++;
    if (identity.key !== undefined) {
      run.keys.add(identity.key);
      this.#keys.set(identity.key, identity.content);
    }
    const released = other ? work.release() : undefined;
    if (other) {
      work.onJoin?.();
      for (const step of run.steps) work.onStep?.(step);
      run.followers.add(work);
    }
    try {
      return { result: await abortable(run.ended, signal), joined: other !== undefined };
    } catch (error) {
      if (!signal.aborted) throw error;
      await this.#leave(identity.content, run, signal.reason);
      throw signal.reason;
    } finally {
      run.followers.delete(work);
      await released;
    }
  }

  #refuseOtherUseOf({ key, content }: WorkIdentity): void {
    if (key === undefined) return;
    const earlier = this.#keys.get(key) ?? this.#kept.get(key)?.content;
    if (earlier === undefined || earlier === content) return;
    throw sottoError("invalid_value", {
      name: "Idempotency-Key",
      expected: "a key of its own for every request",
      received: "one that came before with another recording or other fields",
    });
  }

  #begin(content: string, work: Work<Result, Step>): Run<Result, Step> {
    const stop = new AbortController();
    const steps: Step[] = [];
    const followers = new Set<Work<Result, Step>>();
    const publish = (step: Step) => {
      steps.push(step);
      for (const follower of followers) follower.onStep?.(step);
    };
    const ended = workAndRelease(work, stop.signal, publish);
    const run: Run<Result, Step> = { ended, stop, waiting: 0, keys: new Set(), steps, followers };
    this.#running.set(content, run);
    run.ended.then(
      (result) => {
        if (this.#forget(content, run)) for (const key of run.keys) this.#kept.put(key, content, result);
      },
      () => this.#forget(content, run),
    );
    return run;
  }

  /** The last one to leave stops the work, and waits until it has ended. */
  async #leave(content: string, run: Run<Result, Step>, reason: unknown): Promise<void> {
    if (--run.waiting > 0) return;
    // Before it has ended: a request that comes now must not join work that is being stopped.
    this.#forget(content, run);
    run.stop.abort(reason);
    await run.ended.catch(() => undefined);
  }

  /** @returns false when it was forgotten before */
  #forget(content: string, run: Run<Result, Step>): boolean {
    if (this.#running.get(content) !== run) return false;
    this.#running.delete(content);
    for (const key of run.keys) this.#keys.delete(key);
    return true;
  }
}

async function workAndRelease<Result, Step>(
  work: Work<Result, Step>,
  signal: AbortSignal,
  publish: (step: Step) => void,
): Promise<Result> {
  try {
    return await work.run(signal, publish);
  } finally {
    await work.release();
  }
}
