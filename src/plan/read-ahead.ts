/** Has the next item made while the last one is being used. */
export async function* readAhead<Item>(items: AsyncGenerator<Item>): AsyncGenerator<Item> {
  const start = () => {
    const next = items.next();
    // Whoever takes it hears of it; nobody may.
    next.catch(() => {});
    return next;
  };
  try {
    let next = start();
    for (let result = await next; !result.done; result = await next) {
      next = start();
      yield result.value;
    }
  } finally {
    await items.return(undefined);
  }
}
