import { deepEqual, equal, ok } from 'node:assert/strict';

import { it } from 'vitest';

import { BAN, simulatedMonth } from './simulated-month.js';

const HOUR = 3_600_000;

it('bans whoever guesses twice as long each time, and nobody who works here', async () => {
  const { bySource, ann, bob } = await simulatedMonth(10);

  const { admittedAt = [], guesses = 0 } = bySource.get('10.1.0.1') ?? {};
  const pauses = admittedAt.slice(1).map((at, index) => (at - (admittedAt[index] ?? 0)) / HOUR);
  // It finds out two hours late: its first attempt comes after two hours, then each after four.
  deepEqual(
    pauses.filter((hours) => hours > 2).map((hours) => hours - 2),
    [4, 8, 16, 32, 64, 128, 256],
  );
  ok(guesses < 10 * BAN.failures, 'eight bans cost a source about as many times five guesses');

  equal(ann.outcomes.filter(({ outcome }) => outcome === 'granted').length, 30);
  equal(bob.outcomes.filter(({ outcome }) => outcome === 'granted').length, 30);
});
