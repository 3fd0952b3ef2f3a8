import { NEVER, Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { SoleLease } from '../../../../src/handlers/policies/lifetime/sole-lease.js';
import type { Lease, LeaseSignal } from '../../../../src/streams/lease.js';
import { held } from '../../../../src/testing/index.js';

/** Tells when it begins and ends. */
function witness(name: string, log: string[]): Observable<LeaseSignal> {
  return new Observable(() => {
    log.push(`${name} begins`);
    return () => log.push(`${name} ends`);
  });
}

const begin = (lease: Lease, thing: ReturnType<typeof held>) =>
  (typeof lease === 'function' ? lease(thing) : lease).subscribe();

describe('the sole lease of a policy', () => {
  it('is the first of those for one thing and key; the next takes over when it ends', () => {
    const log: string[] = [];
    const sole = new SoleLease();
    const connection = held();
    const [one, two, three] = ['one', 'two', 'three'].map((name) =>
      begin(
        sole.of('key', () => witness(name, log)),
        connection,
      ),
    );
    expect(log).toEqual(['one begins']);

    two?.unsubscribe();
    one?.unsubscribe();
    expect(log).toEqual(['one begins', 'one ends', 'three begins']);

    three?.unsubscribe();
    begin(
      sole.of('key', () => witness('four', log)),
      connection,
    );
    expect(log.slice(3)).toEqual(['three ends', 'four begins']);
  });

  it('is one for each key and each thing', () => {
    const log: string[] = [];
    const sole = new SoleLease();
    const connection = held();
    begin(
      sole.of('one', () => witness('one', log)),
      connection,
    );
    begin(
      sole.of('other', () => witness('other', log)),
      connection,
    );
    begin(
      sole.of('one', () => witness('elsewhere', log)),
      held(),
    );

    expect(log).toEqual(['one begins', 'other begins', 'elsewhere begins']);
  });

  it('makes nothing that is never in force', () => {
    let made = 0;
    const sole = new SoleLease();
    const connection = held();
    const lease = sole.of('key', () => {
      made += 1;
      return NEVER;
    });
    const first = begin(lease, connection);
    const second = begin(lease, connection);
    second.unsubscribe();
    first.unsubscribe();

    expect(made).toBe(1);
  });
});
