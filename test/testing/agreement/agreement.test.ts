import { describe, expect, it } from 'vitest';

import { RealStage } from './real-stage.js';
import { SCENARIOS } from './scenarios.js';
import { SimulatedStage } from './simulated-stage.js';
import { lettersOf } from './letters.js';

describe('the simulator and reality agree', () => {
  for (const { name, client = 'ssh2', learns, play } of SCENARIOS) {
    it(`about ${name}`, async () => {
      const simulated = await SimulatedStage.play(play(), client);
      const real = await RealStage.play(play(), client);
      expect(simulated).toEqual(real);
      // And this is what the scenario is about: it did not end early on both sides.
      expect(lettersOf(real)).toBe(learns);
    });
  }

  it('about scenarios that differ in name', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
    expect(SCENARIOS.length).toBeGreaterThanOrEqual(50);
  });
});
