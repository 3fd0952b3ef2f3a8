/**
 * Settles as `work` does, or rejects after `ms` milliseconds with an error that names `what`.
 *
 * It does not stop the work: whoever owns the process behind it does.
 */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not done after ${String(ms / 1_000)} s`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
