import type { FakeCall, FakeScript, Fault, Faults, Latency, Moment } from './fake-script.js';

/** Whether a fault concerns a call. */
type Meets = (call: FakeCall) => boolean;

/** A script as it is asked: about one call at a time. */
export interface ReadScript {
  /** What the call fails with, if it does. */
  readonly faultOf: (call: FakeCall) => Error | undefined;
  /** How long it takes, in milliseconds. */
  readonly latencyOf: (call: FakeCall) => number;
}

/**
 * Reads a script once, so that a mistake in it fails the test that made it and not a call much later.
 *
 * @throws TypeError if a moment is no time, an ordinal is no count or a latency is no number of milliseconds
 */
export const readScript = ({ faults = [], latencyMs = 0 }: FakeScript): ReadScript => ({
  faultOf: faultsOf(faults),
  latencyOf: latencyOf(latencyMs),
});

function faultsOf(faults: Faults): ReadScript['faultOf'] {
  if (typeof faults === 'function') return faults;
  const list: readonly Fault[] = 'error' in faults ? [faults] : faults;
  const read = list.map((fault) => ({ error: fault.error, meets: conditionsOf(fault) }));
  return (call) => read.find(({ meets }) => meets.every((isMet) => isMet(call)))?.error;
}

function conditionsOf({ method, onCall, failFrom, failUntil }: Fault): readonly Meets[] {
  const conditions: Meets[] = [];
  if (method !== undefined) conditions.push((call) => call.method === method);
  if (onCall !== undefined) {
    const ordinals = typeof onCall === 'number' ? [onCall] : onCall;
    const odd = ordinals.find((it) => !Number.isInteger(it) || it < 1);
    if (odd !== undefined) throw new TypeError(`onCall: calls are counted from 1, got ${String(odd)}`);
    const among = method === undefined ? 'ordinal' : 'methodOrdinal';
    conditions.push((call) => ordinals.includes(call[among]));
  }
  if (failFrom !== undefined) {
    const from = momentOf('failFrom', failFrom);
    conditions.push((call) => call.atMs >= from);
  }
  if (failUntil !== undefined) {
    const until = momentOf('failUntil', failUntil);
    conditions.push((call) => call.atMs < until);
  }
  return conditions;
}

function latencyOf(latencyMs: Latency): ReadScript['latencyOf'] {
  if (typeof latencyMs === 'number') {
    const checked = requireLatency(latencyMs);
    return () => checked;
  }
  return (call) => requireLatency(latencyMs(call));
}

function requireLatency(ms: number): number {
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new TypeError(`latencyMs: expected milliseconds, at least 0, got ${String(ms)}`);
}

function momentOf(name: string, moment: Moment): number {
  const ms = typeof moment === 'number' ? moment : new Date(moment).getTime();
  if (!Number.isNaN(ms)) return ms;
  throw new TypeError(`${name}: '${String(moment)}' is no time`);
}
