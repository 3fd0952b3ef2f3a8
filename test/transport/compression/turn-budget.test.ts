import { describe, expect, it } from 'vitest';

import { TurnBudget } from '../../../src/transport/compression/turn-budget.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a turn budget', () => {
  it('is spent at its limit, and new in the next turn', async () => {
    const budget = new TurnBudget(10);
    budget.spend(9);
    expect(budget.isSpent).toBe(false);
    budget.spend(1);
    expect(budget.isSpent).toBe(true);

    await turn();
    expect(budget.isSpent).toBe(false);
  });

  it('calls nobody in the turn in which it is asked', async () => {
    const budget = new TurnBudget(10);
    let calls = 0;
    budget.wait(() => {
      calls += 1;
    });
    expect(calls).toBe(0);

    await turn();
    expect(calls).toBe(1);
    await turn();
    expect(calls).toBe(1);
  });

  it('serves those who wait in their order, each turn as many as it has room for', async () => {
    const budget = new TurnBudget(10);
    const log: string[] = [];
    const worker = (name: string, cost: number, rounds: number) => {
      const work = (): void => {
        log.push(name);
        budget.spend(cost);
        rounds -= 1;
        if (rounds > 0) budget.wait(work);
      };
      budget.wait(work);
    };
    worker('large', 10, 3);
    worker('small', 2, 3);
    worker('other', 2, 3);

    const turns: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      await turn();
      turns.push(log.splice(0).join(' '));
    }
    // Whoever has used up a turn is served again when all others were.
    expect(turns).toEqual(['large', 'small other large', 'small other large', 'small other', '']);
  });

  it('forgets who wants no turn any more', async () => {
    const budget = new TurnBudget(10);
    const log: string[] = [];
    const first = (): void => {
      log.push('first');
      budget.forget(second);
    };
    const second = (): void => {
      log.push('second');
    };
    budget.wait(first);
    budget.wait(second);
    await turn();
    await turn();

    expect(log).toEqual(['first']);
  });
});
