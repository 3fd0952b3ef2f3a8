import { AssertionError } from 'node:assert';
import { inspect, isDeepStrictEqual } from 'node:util';

import { isMatcher, type Matcher } from './matcher.js';
import { describeVerdict, isVerdict } from './verdict-matcher.js';

/** One thing that a stream did, and when. */
export interface TimelineEntry {
  /** Milliseconds of virtual time. */
  readonly frame: number;
  readonly notification:
    | { readonly kind: 'N'; readonly value: unknown }
    | { readonly kind: 'E'; readonly error: unknown }
    | { readonly kind: 'C' };
}

/**
 * Compares what streams did with what was expected, line by line.
 *
 * @throws AssertionError of `node:assert`, with the lines that differ, so that every test runner shows them.
 */
export function assertSameTimeline(actual: readonly TimelineEntry[], expected: readonly TimelineEntry[]): void {
  const wanted = expected.map((entry) => describeEntry(entry));
  const matcher = expected.map(valueOf).find(isMatcher);
  const seen = actual.map((entry, index) => {
    const counterpart = expected[index];
    const line = describeEntry(entry, matcher);
    if (counterpart === undefined) return line;
    const wantedLine = wanted[index];
    if (isSame(entry, counterpart)) return wantedLine;
    return line === wantedLine ? `${line} (another one)` : line;
  });
  if (isDeepStrictEqual(seen, wanted)) return;

  const error = new AssertionError({ actual: seen, expected: wanted, operator: 'deepStrictEqual' });
  if (seen.length < wanted.length) {
    error.message +=
      '\nToo little happened. A promise never settles in virtual time: let callbacks answer with an Observable.';
  }
  throw error;
}

function isSame(actual: TimelineEntry, expected: TimelineEntry): boolean {
  if (actual.frame !== expected.frame) return false;
  const [a, e] = [actual.notification, expected.notification];
  if (a.kind === 'N' && e.kind === 'N') {
    return isMatcher(e.value) ? e.value.matches(a.value) : isDeepStrictEqual(a.value, e.value);
  }
  if (a.kind === 'E' && e.kind === 'E') return isDeepStrictEqual(a.error, e.error);
  return a.kind === e.kind;
}

const valueOf = ({ notification }: TimelineEntry): unknown =>
  notification.kind === 'N' ? notification.value : undefined;

/** @param matcher - describes values in the words of the expectations, if those have words of their own */
function describeEntry({ frame, notification }: TimelineEntry, matcher?: Matcher): string {
  return `${String(frame)} ms  ${describeNotification(notification, matcher)}`;
}

function describeNotification(notification: TimelineEntry['notification'], matcher?: Matcher): string {
  switch (notification.kind) {
    case 'N':
      return describeValue(notification.value, matcher);
    case 'E':
      return `error ${inLine(notification.error)}`;
    case 'C':
      return 'complete';
    default:
      return notification satisfies never;
  }
}

function describeValue(value: unknown, matcher?: Matcher): string {
  if (isMatcher(value)) return value.description;
  if (isVerdict(value)) return describeVerdict(value);
  return matcher === undefined ? inLine(value) : matcher.describe(value);
}

const inLine = (value: unknown): string =>
  value instanceof Error ? `${value.name}: ${value.message}` : inspect(value, { depth: 4, breakLength: Infinity });
