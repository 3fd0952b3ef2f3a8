import { EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { LeaseHolder } from '../../src/streams/lease-holder.js';
import type { Lease, LeaseSignal } from '../../src/streams/lease.js';
import { held as heldThing } from '../../src/testing/held.js';

function hold(...leases: readonly Lease[]) {
  const log: string[] = [];
  const holder = new LeaseHolder(heldThing(), {
    warn: (message) => log.push(`warn ${message}`),
    revoke: ({ reason }, lease) => log.push(`revoke ${reason} by ${String(leases.indexOf(lease))}`),
    narrow: (lease, narrowing) => {
      if (narrowing !== undefined)
        log.push(`narrow ${String(leases.indexOf(lease))} to ${String(narrowing.sendBytesPerSecond)}`);
    },
    fail: (cause) => log.push(`fail ${String(cause)}`),
  });
  holder.add(leases);
  return { log, holder };
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

  it('may narrow, and are told of by name of the lease', () => {
    const { log } = hold(NEVER, of({ type: 'narrow', sendBytesPerSecond: 7 } as const));

    expect(log).toEqual(['narrow 1 to 7']);
  });

  it('revoke once, the first of them for all', () => {
    const [first, second] = [new Subject<LeaseSignal>(), new Subject<LeaseSignal>()];
    const { log, holder } = hold(first, second);
    second.next(revoke('quota'));
    first.next(revoke('office hours'));
    first.next(warn('late'));

    expect(log).toEqual(['revoke quota by 1']);
    expect(holder.over).toBe(true);
    expect([first.observed, second.observed]).toEqual([false, false]);
  });

  it('that error revoke, and the error is for the log and not for the user', () => {
    const { log } = hold(throwError(() => new Error('ldap://secret:389 refused')));

    expect(log).toEqual([
      'fail Error: ldap://secret:389 refused',
      'revoke the permission can no longer be confirmed by 0',
    ]);
  });

  it('that are given up together say nothing any more, even if one makes another speak', () => {
    const second = new Subject<LeaseSignal>();
    const first = new Observable<LeaseSignal>(() => () => {
      second.next(revoke('late'));
    });
    const { log, holder } = hold(first, second);
    holder.release([first, second]);

    expect(log).toEqual([]);
    expect(holder.over).toBe(false);
  });

  it('that complete leave the grant as it is', () => {
    const { log, holder } = hold(EMPTY, of(warn('hello')), NEVER);

    expect(log).toEqual(['warn hello']);
    expect(holder.over).toBe(false);
  });

  it('that can say nothing are held like any other', () => {
    const mark: Lease = () => EMPTY;
    const { holder, log } = hold(mark);
    expect(holder.has(mark)).toBe(true);
    holder.release([mark]);

    expect(holder.has(mark)).toBe(false);
    expect(log).toEqual([]);
  });

  it('behind one that revokes at once are not even subscribed', () => {
    let subscribed = 0;
    const { log, holder } = hold(
      of(revoke('no'), warn('late')),
      new Observable(() => {
        subscribed += 1;
      }),
    );

    expect(log).toEqual(['revoke no by 0']);
    expect(subscribed).toBe(0);
    expect(holder.over).toBe(true);
  });

  it('are let go when the granted thing ends, and say no more', () => {
    const lease = new Subject<LeaseSignal>();
    let tornDown = 0;
    const { log, holder } = hold(
      lease,
      new Observable(() => () => {
        tornDown += 1;
      }),
    );
    holder.end();
    holder.end();
    lease.next(revoke('late'));

    expect(log).toEqual([]);
    expect(tornDown).toBe(1);
    expect(lease.observed).toBe(false);
  });

  it('that revoke at once are unsubscribed all the same', () => {
    let tornDown = 0;
    hold(
      new Observable<LeaseSignal>((subscriber) => {
        subscriber.next(revoke('no'));
        return () => {
          tornDown += 1;
        };
      }),
    );

    expect(tornDown).toBe(1);
  });

  it('that are functions are called once, with what they are held for', () => {
    const seen: string[] = [];
    const lease: Lease = (thing) => {
      seen.push(thing.kind);
      return NEVER;
    };
    const { holder } = hold(lease);
    holder.add([lease]);

    expect(seen).toEqual(['channel']);
  });

  it('whose function throws revoke, and are told of', () => {
    const { log } = hold(() => {
      throw new Error('no directory');
    });

    expect(log).toEqual(['fail Error: no directory', 'revoke the permission can no longer be confirmed by 0']);
  });

  it('can be released one by one while the others are held', () => {
    const [first, second] = [new Subject<LeaseSignal>(), new Subject<LeaseSignal>()];
    const { log, holder } = hold(first, second);
    holder.release([first]);
    first.next(revoke('late'));
    second.next(warn('still there'));

    expect(first.observed).toBe(false);
    expect(log).toEqual(['warn still there']);
  });

  it('that throw when they are given up keep no other from being given up', () => {
    const lease = new Subject<LeaseSignal>();
    const { log, holder } = hold(
      new Observable(() => () => {
        throw new Error('stuck');
      }),
      lease,
    );
    holder.end();

    expect(lease.observed).toBe(false);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('stuck');
  });
});
