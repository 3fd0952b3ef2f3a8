/** Reads `source` to its end and forgets what it gave. Rejects as it does. */
export async function drain(source: AsyncIterable<unknown>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  let step = await iterator.next();
  while (step.done !== true) step = await iterator.next();
}
