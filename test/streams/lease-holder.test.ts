import { EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { holdLeases } from '../../src/streams/lease-holder.js';
import type { Lease, LeaseSignal } from '../../src/streams/lease.js';

function hold(...leases: readonly Lease[]) {
  const log: string[] = [];
  const held = holdLeases(leases, {
    warn: (message) => log.push(`warn ${message}`),
    revoke: (reason) => log.push(`revoke ${reason}`),
  });
  return { log, held };
}

const warn = (message: string): LeaseSignal => ({ type: 'warn', message });
const revoke = (reason: string): LeaseSignal => ({ type: 'revoke', reason });

describe('held leases', () => {
  it('may warn as often as they like', () => {
    const lease = new Subject<LeaseSignal>();
    const { log } = hold(lease);
    lease.next(warn('five minutes'));
    lease.next(warn('one minute'));

    expect(log).toEqual(['warn five minutes', 'warn one minute']);
  });

  it('revoke once, the first of them for all', () => {
    const [first, second] = [new Subject<LeaseSignal>(), new Subject<LeaseSignal>()];
    const { log, held } = hold(first, second);
    second.next(revoke('quota'));
    first.next(revoke('office hours'));
    first.next(warn('late'));

    expect(log).toEqual(['revoke quota']);
    expect(held.closed).toBe(true);
    expect([first.observed, second.observed]).toEqual([false, false]);
  });

  it('that error revoke, without a word of the error', () => {
    const { log } = hold(throwError(() => new Error('ldap://secret:389 refused')));

    expect(log).toEqual(['revoke the permission can no longer be confirmed']);
  });

  it('that complete leave the grant as it is', () => {
    const { log, held } = hold(EMPTY, of(warn('hello')), NEVER);

    expect(log).toEqual(['warn hello']);
    expect(held.closed).toBe(false);
  });

  it('behind one that revokes at once are not even subscribed', () => {
    let subscribed = 0;
    const { log, held } = hold(
      of(revoke('no'), warn('late')),
      new Observable(() => {
        subscribed += 1;
      }),
    );

    expect(log).toEqual(['revoke no']);
    expect(subscribed).toBe(0);
    expect(held.closed).toBe(true);
  });

  it('are let go when the granted thing ends, and say no more', () => {
    const lease = new Subject<LeaseSignal>();
    let tornDown = 0;
    const { log, held } = hold(
      lease,
      new Observable(() => () => {
        tornDown += 1;
      }),
    );
    held.unsubscribe();
    lease.next(revoke('late'));

    expect(log).toEqual([]);
    expect(tornDown).toBe(1);
    expect(lease.observed).toBe(false);
  });
});
