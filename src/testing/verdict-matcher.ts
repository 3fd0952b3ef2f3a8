import { inspect } from 'node:util';

import { messageOf } from '../errors.js';
import type { GrantedVerdict, Verdict } from '../streams/verdict.js';
import type { ExpectedVerdict, Outcome } from './expected-verdict.js';
import type { Matcher } from './matcher.js';

/** A verdict as a test sees it, or the parts of it that a test cares about. */
interface VerdictParts {
  readonly outcome: Outcome;
  readonly by?: string;
  readonly reason?: string;
  readonly leases?: number;
  readonly requires?: readonly string[];
  readonly request?: unknown;
  readonly cause?: unknown;
}

/** Judges verdicts by an expectation, and says in a line what it expects. */
export class VerdictMatcher implements Matcher {
  readonly #expected: VerdictParts;

  constructor(expected: ExpectedVerdict) {
    this.#expected = typeof expected === 'string' ? read(expected) : expected;
  }

  get description(): string {
    return describe(this.#expected);
  }

  matches(verdict: unknown): boolean {
    if (!isVerdict(verdict)) return false;
    const { outcome, by, reason, leases, requires, request } = this.#expected;
    const actual = partsOf(verdict);
    return (
      actual.outcome === outcome &&
      (by === undefined || actual.by === by) &&
      (reason === undefined || actual.reason === reason) &&
      (leases === undefined || actual.leases === leases) &&
      (requires === undefined || isSameList(actual.requires ?? [], requires)) &&
      (request === undefined || actual.request === request)
    );
  }

  describe(value: unknown): string {
    return isVerdict(value) ? describeVerdict(value) : inspect(value);
  }
}

const STATES: ReadonlySet<unknown> = new Set(['open', 'granted', 'denied']);

/** Whether `value` is a verdict, whatever it is about. */
export const isVerdict = (value: unknown): value is Verdict<unknown> =>
  typeof value === 'object' && value !== null && 'state' in value && 'request' in value && STATES.has(value.state);

/** The line for a verdict that was not expected: all there is to know of it. */
export const describeVerdict = (verdict: Verdict<unknown>): string => describe(partsOf(verdict));

function read(expected: Extract<ExpectedVerdict, string>): VerdictParts {
  const [outcome, reason] = expected.split(': ');
  return {
    // What stands before a reason, or without one, is an outcome.
    outcome: outcome as Outcome,
    ...(reason === undefined ? {} : { reason }),
  };
}

const isSameList = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, index) => text === other[index]);

function partsOf(verdict: Verdict<unknown>): VerdictParts {
  const { requires } = verdict;
  const parts = ownPartsOf(verdict);
  return requires === undefined ? parts : { ...parts, requires: requires.map(({ expression }) => expression) };
}

function ownPartsOf(verdict: Verdict<unknown>): VerdictParts {
  const { request } = verdict;
  switch (verdict.state) {
    case 'open': {
      const { leases, declined } = verdict;
      return { outcome: declined === undefined ? 'open' : 'declined', ...declined, leases: leases.length, request };
    }
    case 'granted':
      return {
        outcome: grantedOutcome(verdict),
        by: verdict.by,
        leases: verdict.leases.length,
        request,
      };
    case 'denied':
      return { outcome: 'denied', by: verdict.by, reason: verdict.reason, request, cause: verdict.cause };
    default:
      return verdict satisfies never;
  }
}

function grantedOutcome({ challenge, passwordChange, request }: GrantedVerdict<unknown>): Outcome {
  if (challenge !== undefined) return 'challenged';
  if (passwordChange !== undefined) return 'change-requested';
  return isOffer(request) ? 'offer-accepted' : 'granted';
}

const isOffer = (request: unknown): boolean =>
  typeof request === 'object' && request !== null && 'stage' in request && request.stage === 'offered';

function describe({ outcome, reason, by, leases = 0, requires = [], request, cause }: VerdictParts): string {
  let line: string = reason === undefined ? outcome : `${outcome}: ${reason}`;
  if (by !== undefined) line += ` by ${by}`;
  if (leases > 0) line += ` with ${String(leases)} lease${leases === 1 ? '' : 's'}`;
  if (requires.length > 0) line += ` requiring ${requires.join(' and ')}`;
  if (request !== undefined) line += `, for ${describeRequest(request)}`;
  if (cause !== undefined) line += `, since ${messageOf(cause)}`;
  return line;
}

/** Enough of a request to know which it is, in the words of the builders. */
function describeRequest(request: unknown): string {
  if (typeof request !== 'object' || request === null) return inspect(request);
  // Whatever a test puts to a policy; usually a request.
  const { type, method, stage, user, requestType, channelType, connection } = request as Readonly<
    Record<string, unknown>
  >;
  const words = [type, method, stage, user, requestType ?? channelType].filter((word) => typeof word === 'string');
  if (typeof connection === 'object' && connection !== null && 'remoteAddress' in connection) {
    words.push(`from ${String(connection.remoteAddress)}`);
  }
  return words.join(' ');
}
