/**
 * Hands on what comes in any order as it stands in its own: item 0 first, then 1, one at a time. Whoever puts an item
 * waits until all that can be handed on has been, so that a slow taker slows those who make.
 */
export class InOrder<Item> {
  readonly #take: (index: number, item: Item) => void | Promise<void>;
  readonly #early = new Map<number, Item>();
  #next = 0;
  #handing: Promise<void> = Promise.resolve();

  constructor(take: (index: number, item: Item) => void | Promise<void>) {
    this.#take = take;
  }

  /** @throws whatever the taker throws; every later put then throws it too */
  put(index: number, item: Item): Promise<void> {
    this.#early.set(index, item);
    this.#handing = this.#handing.then(() => this.#handOn());
    return this.#handing;
  }

  async #handOn(): Promise<void> {
    for (let item = this.#early.get(this.#next); item !== undefined; item = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      await this.#take(this.#next++, item);
    }
  }
}
