import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { WorkQueue } from '../../../src/handlers/passwords/work-queue.js';

/** Work that ends when it is told to. */
function piece() {
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (end = resolve));
  const work = vi.fn(() => done);
  return { work, end };
}

const turns = async (): Promise<void> => {
  for (let count = 0; count < 10; count += 1) await Promise.resolve();
};

describe('WorkQueue', () => {
  it('does so much at once, in the order of arrival, and refuses what is beyond those who wait', async () => {
    const queue = new WorkQueue({ maxConcurrent: 1, maxWaiting: 2 });
    const [first, second, third, fourth] = [piece(), piece(), piece(), piece()];
    const ends = [first, second, third].map(({ work }) => queue.run(work));

    expect(queue.waiting).toBe(2);
    await expect(queue.run(fourth.work)).rejects.toMatchObject({ code: 'ERR_SSH_BUSY' });
    expect(first.work).toHaveBeenCalledOnce();
    expect(second.work).not.toHaveBeenCalled();

    first.end();
    await ends[0];
    await turns();
    expect(second.work).toHaveBeenCalledOnce();
    expect(third.work).not.toHaveBeenCalled();
    expect(queue.waiting).toBe(1);

    second.end();
    third.end();
    await Promise.all(ends);
    expect(fourth.work).not.toHaveBeenCalled();
  });

  it('goes on after work that fails, at once or later', async () => {
    const queue = new WorkQueue({ maxConcurrent: 1, maxWaiting: 2 });
    const outcomes = await Promise.allSettled([
      queue.run(() => Promise.reject(new Error('later'))),
      queue.run(() => {
        throw new Error('at once');
      }),
      queue.run(() => 'done'),
    ]);

    expect(outcomes).toMatchObject([
      { reason: { message: 'later' } },
      { reason: { message: 'at once' } },
      { value: 'done' },
    ]);
  });

  it('never begins what was given up while it waited, and lets the next one have its place', async () => {
    const queue = new WorkQueue({ maxConcurrent: 1, maxWaiting: 1 });
    const [running, gone, next] = [piece(), piece(), piece()];
    const abort = new AbortController();
    const first = queue.run(running.work);
    const givenUp = queue.run(gone.work, abort.signal);
    abort.abort(new Error('gone'));

    await expect(givenUp).rejects.toThrow('gone');
    const last = queue.run(next.work);
    running.end();
    next.end();
    await Promise.all([first, last]);
    expect(gone.work).not.toHaveBeenCalled();
    await expect(queue.run(gone.work, abort.signal)).rejects.toThrow('gone');
    expect(gone.work).not.toHaveBeenCalled();
  });

  it('leaves what has begun alone', async () => {
    const queue = new WorkQueue({ maxConcurrent: 1, maxWaiting: 1 });
    const abort = new AbortController();
    const [running, waiting] = [piece(), piece()];
    const first = queue.run(running.work);
    const second = queue.run(waiting.work, abort.signal);
    running.end();
    await first;
    await turns();
    abort.abort();
    waiting.end();

    await expect(second).resolves.toBeUndefined();
  });

  it('never does more than it may, loses nothing and has no place left over, whatever comes', async () => {
    const step = fc.constantFrom('run', 'end', 'abort');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(step, { maxLength: 40 }),
        async (maxConcurrent, maxWaiting, steps) => {
          const queue = new WorkQueue({ maxConcurrent, maxWaiting });
          const running: (() => void)[] = [];
          const aborts: AbortController[] = [];
          const settled: Promise<string>[] = [];
          for (const it of steps) {
            if (it === 'run') {
              const { work, end } = piece();
              const abort = new AbortController();
              aborts.push(abort);
              const begun = (): Promise<void> => {
                running.push(end);
                return work();
              };
              settled.push(
                queue.run(begun, abort.signal).then(
                  () => 'done',
                  () => 'refused',
                ),
              );
            } else if (it === 'end') running.shift()?.();
            else aborts.shift()?.abort();
            await turns();

            expect(running.length).toBeLessThanOrEqual(maxConcurrent);
            expect(queue.waiting).toBeLessThanOrEqual(maxWaiting);
            if (queue.waiting > 0) expect(running).toHaveLength(maxConcurrent);
          }
          while (running.length > 0) {
            running.shift()?.();
            await turns();
          }
          expect(queue.waiting).toBe(0);
          await expect(Promise.all(settled)).resolves.toHaveLength(steps.filter((it) => it === 'run').length);
          await expect(
            Promise.all(Array.from({ length: maxConcurrent }, () => queue.run(() => 1))),
          ).resolves.toHaveLength(maxConcurrent);
        },
      ),
    );
  });
});
