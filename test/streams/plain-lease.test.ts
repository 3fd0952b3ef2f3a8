import { describe, expect, it } from 'vitest';

import { LeaseHolder } from '../../src/streams/lease-holder.js';
import type { LeaseSignal } from '../../src/streams/lease.js';
import { PlainLease } from '../../src/streams/plain-lease.js';
import { held } from '../../src/testing/held.js';

/** A lease that says what it is told to, and notes when it begins and is given up. */
function spoken(...atOnce: readonly LeaseSignal[]) {
  const log: string[] = [];
  let speak: ((signal: LeaseSignal) => void) | undefined;
  const lease = new PlainLease((say) => {
    log.push('begin');
    speak = say;
    for (const signal of atOnce) say(signal);
    return () => {
      log.push('give up');
    };
  });
  return { lease, log, say: (signal: LeaseSignal) => speak?.(signal) };
}

function holderOf(...leases: readonly PlainLease[]) {
  const effects: string[] = [];
  const holder = new LeaseHolder(held(), {
    warn: (message) => effects.push(`warn ${message}`),
    revoke: ({ reason }) => effects.push(`revoke ${reason}`),
    narrow: (_, narrowing) => effects.push(narrowing === undefined ? 'widen' : 'narrow'),
    fail: (cause) => effects.push(`fail ${String(cause)}`),
  });
  holder.add(leases);
  return { holder, effects };
}

const REVOKE: LeaseSignal = { type: 'revoke', reason: 'time is up' };

describe('a plain lease', () => {
  it('is an Observable that completes with its revocation', () => {
    const { lease, log, say } = spoken({ type: 'warn', message: 'soon' });
    const seen: string[] = [];
    lease.subscribe({
      next: ({ type }) => seen.push(type),
      complete: () => seen.push('complete'),
    });
    say(REVOKE);

    expect(seen).toEqual(['warn', 'revoke', 'complete']);
    expect(log).toEqual(['begin', 'give up']);
  });

  it('is given up with its subscription', () => {
    const { lease, log } = spoken();
    lease.subscribe().unsubscribe();

    expect(log).toEqual(['begin', 'give up']);
  });

  it('is held without a subscription, and given up once', () => {
    const { lease, log, say } = spoken();
    const { holder, effects } = holderOf(lease);
    say({ type: 'warn', message: 'soon' });
    holder.release([lease]);
    holder.end();
    say(REVOKE);

    expect(effects).toEqual(['warn soon']);
    expect(log).toEqual(['begin', 'give up']);
  });

  it('may revoke as it begins, and is given up all the same', () => {
    const first = spoken();
    const second = spoken(REVOKE);
    const { effects, holder } = holderOf(first.lease, second.lease);

    expect(effects).toEqual(['revoke time is up']);
    expect([first.log, second.log]).toEqual([
      ['begin', 'give up'],
      ['begin', 'give up'],
    ]);
    expect(holder.over).toBe(true);
  });

  it('that throws as it begins or is given up costs no other', () => {
    const failing = new PlainLease(() => () => {
      throw new Error('stuck');
    });
    const other = spoken();
    const { holder, effects } = holderOf(failing, other.lease);
    holder.end();

    expect(effects).toEqual(['fail Error: stuck']);
    expect(other.log).toEqual(['begin', 'give up']);
  });
});
