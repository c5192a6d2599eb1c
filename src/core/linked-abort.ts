/**
 * An `AbortController` that also aborts with any of its parents, until it is disposed of. It stands in place of
 * `AbortSignal.any`, whose signals Node 20 never lets go of while a parent lives: more than a kilobyte for every request
 * that knew of the server's own end (https://github.com/nodejs/node/issues/55351).
 */
export class LinkedAbort extends AbortController implements Disposable {
  readonly #parents: readonly AbortSignal[];
  readonly #follow = (event: Event) => this.abort((event.target as AbortSignal).reason);

  constructor(...parents: readonly AbortSignal[]) {
    super();
    this.#parents = parents;
    const ended = parents.find(({ aborted }) => aborted);
    if (ended) this.abort(ended.reason);
    else for (const parent of parents) parent.addEventListener("abort", this.#follow, { once: true });
  }

  [Symbol.dispose](): void {
    for (const parent of this.#parents) parent.removeEventListener("abort", this.#follow);
  }
}
