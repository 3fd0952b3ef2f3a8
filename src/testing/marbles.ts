import type { Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

import { type Clock, clockOf } from '../streams/clock.js';
import type { SshRequest, SshRequests } from '../streams/events/ssh-request.js';
import { consider, type Verdict } from '../streams/verdict.js';
import { type ExpectedVerdict, OUTCOME_LETTERS } from './expected-verdict.js';
import { inRxjsUnits } from './marble-diagram.js';
import { assertSameTimeline } from './timeline.js';
import { VerdictMatcher } from './verdict-matcher.js';

/** An expectation that waits for its marbles. */
export interface MarbleExpectation<Value> {
  /** Says what has to happen, and when. Compared once the body of the test has returned. */
  toBe(marbles: string, values?: Readonly<Record<string, Value>>, error?: unknown): void;
}

/** What the body of a {@link marbles} test works with. */
export interface MarbleTools {
  /**
   * A stream of verdicts to put to a policy. Each letter is a request, which nobody has decided yet, or a verdict that
   * other policies have reached.
   */
  readonly verdicts: <R extends SshRequest>(
    marbles: string,
    values: Readonly<Record<string, R | Verdict<R>>>,
  ) => Observable<Verdict<SshRequests[R['type']]>>;

  /**
   * Expects verdicts. The letters `o` (open), `n` (not granted: open, but declined), `g` (granted), `d` (denied), `c`
   * (challenged) and `k` (offer of a key accepted) have their meaning; give others one, or these another, in `values`.
   *
   * @param subscription - When to subscribe and unsubscribe, such as `^---!`. Default from the start to the end.
   */
  readonly expectVerdicts: (
    verdict$: Observable<Verdict<unknown>>,
    subscription?: string,
  ) => MarbleExpectation<ExpectedVerdict>;

  /** A stream of events, the same to every subscriber. Without `values` a letter stands for itself. */
  readonly events: <T = string>(
    marbles: string,
    values?: Readonly<Record<string, T>>,
    error?: unknown,
  ) => Observable<T>;

  /**
   * A stream that begins its marbles with each subscription: what a callback answers with that takes its time, or a
   * lease. Without `values` a letter stands for itself.
   */
  readonly answers: <T = string>(
    marbles: string,
    values?: Readonly<Record<string, T>>,
    error?: unknown,
  ) => Observable<T>;

  /**
   * Expects values of any kind, compared in depth. To the comparison all secrets are equal: expect what they expose.
   *
   * @param subscription - As for {@link MarbleTools.expectVerdicts}.
   */
  readonly expectEvents: <T>(event$: Observable<T>, subscription?: string) => MarbleExpectation<T>;

  /** Virtual time, for the `clock` option of policies and servers. The system's clock is virtual meanwhile, too. */
  readonly clock: Clock;
}

/**
 * Runs a test in virtual time, where a month takes milliseconds: returns the function to hand to `it` or `test` of any
 * test runner.
 *
 * Marbles draw time: a character is 1 ms. `-` nothing happens, `|` completes, `#` errors, `(ab)` a and b at once, ` 10s `
 * time goes by (also `ms`, `m`, `h` and `d`), any other character is a value; blanks align and mean nothing. What a value meets is
 * compared when the body has returned, and a difference throws an `AssertionError` that shows it.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 *
 * test(
 *   'the third guess in ten seconds is denied',
 *   marbles(({ verdicts, expectVerdicts, clock }) => {
 *     const guess = authRequest.password('root', 'guess', { from: '203.0.113.7' });
 *     const policy = rateLimit({ limit: 2, windowMs: 10_000, keyOf: () => 'everybody', clock });
 *
 *     expectVerdicts(verdicts('a-a-a 10s a|', { a: guess }).pipe(policy)).toBe('o-o-x 10s o|', {
 *       x: 'denied: rate-limited',
 *     });
 *   }),
 * );
 * ```
 *
 * @throws TypeError, from the returned function, if the body is asynchronous, an expectation lacks its `toBe`, or a letter
 *   has no meaning.
 */
export function marbles(body: (tools: MarbleTools) => void): () => void {
  // To the compiler an async body is a void one.
  const run: (tools: MarbleTools) => unknown = body;
  return () => {
    const scheduler = new TestScheduler((actual, expected) => {
      // The scheduler declares them as any; these are the messages it records.
      assertSameTimeline(actual as never, expected as never);
    });
    scheduler.run(({ hot, cold, expectObservable }) => {
      let unfinished = 0;
      const expectation = <Value>(
        source$: Observable<unknown>,
        subscription: string | undefined,
        read: (
          marbles: string,
          values: Readonly<Record<string, Value>> | undefined,
        ) => Record<string, unknown> | undefined,
      ): MarbleExpectation<Value> => {
        unfinished += 1;
        const expected = expectObservable(source$, subscription === undefined ? undefined : inRxjsUnits(subscription));
        return {
          toBe: (marbles, values, error) => {
            unfinished -= 1;
            expected.toBe(inRxjsUnits(marbles), read(marbles, values), error);
          },
        };
      };

      const outcome = run({
        verdicts: (marbles, values) => {
          requireMeaning(marbles, values);
          // Each request is one of a type R['type'], so the stream is one of the requests of that type.
          return hot(inRxjsUnits(marbles), mapValues(values, verdictOf)) as never;
        },
        expectVerdicts: (verdict$, subscription) =>
          expectation<ExpectedVerdict>(verdict$, subscription, (marbles, values) => {
            const letters = { ...OUTCOME_LETTERS, ...values };
            requireMeaning(marbles, letters);
            return mapValues(letters, (expected) => new VerdictMatcher(expected));
          }),
        events: (marbles, values, error) => hot(inRxjsUnits(marbles), given(marbles, values), error),
        answers: (marbles, values, error) => cold(inRxjsUnits(marbles), given(marbles, values), error),
        expectEvents: (event$, subscription) => expectation(event$, subscription, given),
        clock: clockOf(scheduler),
      });
      if (isThenable(outcome)) {
        throw new TypeError('marbles: the body must not be async, since virtual time ends when it returns');
      }
      if (unfinished > 0) {
        throw new TypeError('marbles: an expectation without toBe() expects nothing; say what it has to be');
      }
    });
  };
}

const verdictOf = (value: SshRequest | Verdict<SshRequest>): Verdict<SshRequest> =>
  'state' in value ? value : consider(value);

function mapValues<T, U>(values: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([letter, value]) => [letter, map(value)]));
}

/** The values as given, once each letter has one. */
function given<T>(marbles: string, values: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined {
  if (values === undefined) return undefined;
  requireMeaning(marbles, values);
  return { ...values };
}

/** A letter without a value would be undefined, which a test may well swallow. */
function requireMeaning(marbles: string, values: Readonly<Record<string, unknown>>): void {
  for (const { notification } of TestScheduler.parseMarbles(inRxjsUnits(marbles), undefined, undefined, false, true)) {
    if (notification.kind !== 'N' || Object.hasOwn(values, String(notification.value))) continue;
    const letter = JSON.stringify(notification.value);
    throw new TypeError(`marbles: ${letter} in ${JSON.stringify(marbles)} has no meaning; give it one in the values`);
  }
}

const isThenable = (value: unknown): boolean => typeof value === 'object' && value !== null && 'then' in value;
