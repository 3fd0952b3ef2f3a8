import { inspect } from 'node:util';

import type { Matcher } from '../matcher.js';
import { describeOutcome, type ExpectedOutcome, meets } from './client-outcome.js';
import type { TimedOutcome } from './simulated-client.js';

/** Judges what a client has learned by an expectation. */
export class OutcomeMatcher implements Matcher {
  readonly description: ExpectedOutcome;

  constructor(expected: ExpectedOutcome) {
    this.description = expected;
  }

  matches(value: unknown): boolean {
    return isOutcome(value) && meets(value, this.description);
  }

  describe(value: unknown): string {
    return isOutcome(value) ? describeOutcome(value) : inspect(value);
  }
}

const isOutcome = (value: unknown): value is TimedOutcome =>
  typeof value === 'object' && value !== null && 'outcome' in value && 'atMs' in value;
