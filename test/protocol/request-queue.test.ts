import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RequestQueue } from '../../src/protocol/request-queue.js';

describe('RequestQueue', () => {
  it('asks one at a time and in order, whichever answers come at once and whichever later', () => {
    const question = fc.constantFrom('at once', 'later', 'later, twice');
    fc.assert(
      fc.property(fc.array(question, { maxLength: 40 }), fc.array(fc.boolean(), { maxLength: 60 }), (kinds, pushes) => {
        const queue = new RequestQueue();
        const asked: number[] = [];
        const answered: number[] = [];
        const pending: (() => void)[] = [];
        let next = 0;
        const push = (): void => {
          const index = next;
          next += 1;
          queue.push((answer) => {
            // Nobody is asked before the one in front has been answered.
            expect(answered).toEqual(asked);
            asked.push(index);
            const settle = (): void => {
              answered.push(index);
              answer();
            };
            if (kinds[index] === 'at once') settle();
            else pending.push(settle);
            if (kinds[index] === 'later, twice') pending.push(answer);
          });
        };

        for (const isPush of pushes) {
          if (isPush && next < kinds.length) push();
          else pending.shift()?.();
          expect(queue.length).toBe(next - asked.length);
        }
        while (next < kinds.length) push();
        while (pending.length > 0) pending.shift()?.();

        expect(answered).toEqual(kinds.map((_, index) => index));
      }),
    );
  });

  it('does not take a second answer for the answer to the next question', () => {
    const queue = new RequestQueue();
    const asked: string[] = [];
    let answerFirst = (): void => undefined;
    queue.push((answer) => {
      answerFirst = answer;
    });
    for (const name of ['second', 'third']) {
      queue.push(() => {
        asked.push(name);
      });
    }

    answerFirst();
    answerFirst();

    expect(asked).toEqual(['second']);
  });

  it('answers twenty thousand at once without a deep stack', () => {
    const queue = new RequestQueue();
    let answerFirst = (): void => undefined;
    let asked = 0;
    queue.push((answer) => {
      answerFirst = answer;
    });
    for (let count = 0; count < 20_000; count += 1) {
      queue.push((answer) => {
        asked += 1;
        answer();
      });
    }

    answerFirst();

    expect(asked).toBe(20_000);
    expect(queue.length).toBe(0);
  });

  it('takes questions that are asked while one is being answered', () => {
    const queue = new RequestQueue();
    const asked: string[] = [];
    queue.push((answer) => {
      asked.push('first');
      queue.push((answerSecond) => {
        asked.push('second');
        answerSecond();
      });
      expect(asked).toEqual(['first']);
      answer();
    });

    expect(asked).toEqual(['first', 'second']);
  });

  it('asks nothing any more once it is closed', () => {
    const queue = new RequestQueue();
    const asked: string[] = [];
    let answerFirst = (): void => undefined;
    queue.push((answer) => {
      answerFirst = answer;
    });
    queue.push(() => {
      asked.push('waiting');
    });

    queue.close();
    answerFirst();
    queue.push(() => {
      asked.push('late');
    });

    expect(asked).toEqual([]);
    expect(queue.length).toBe(0);
  });
});
