import fc from 'fast-check';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { Admission, type AdmissionLimits } from '../../src/streams/admission.js';
import type { ConnectionRequest } from '../../src/streams/events/connection-request.js';
import { consider, type Verdict } from '../../src/streams/verdict.js';
import { connectionRequest } from './request-fixtures.js';

const ROOMY: AdmissionLimits = { maxConnections: 1000, maxStartups: 1000, maxPerSource: 1000 };

/** Whether the next connection from `source` gets in. It has arrived already, as in the server. */
function admits(admission: Admission, source: string, limits: Partial<AdmissionLimits>): boolean {
  let answer: Verdict<ConnectionRequest> | undefined;
  admission
    .policy({ ...ROOMY, ...limits })(of(consider(connectionRequest(source))))
    .subscribe((verdict) => (answer = verdict));
  return answer?.state === 'open';
}

describe('Admission', () => {
  it('takes as many connections as it may, and says why not more', () => {
    const admission = new Admission();
    for (const source of ['a', 'b', 'c']) {
      admission.arrive(source);
      admission.authenticate(source);
      expect(admits(admission, source, { maxConnections: 3 })).toBe(true);
    }
    admission.arrive('d');

    expect(admits(admission, 'd', { maxConnections: 3 })).toBe(false);
    admission.leave('a', true);
    expect(admits(admission, 'd', { maxConnections: 3 })).toBe(true);
  });

  it('counts those who have not signed in apart, in all and by address', () => {
    const admission = new Admission();
    admission.arrive('a');
    admission.arrive('a');
    admission.arrive('b');

    expect(admits(admission, 'a', { maxStartups: 2 })).toBe(false);
    expect(admits(admission, 'a', { maxPerSource: 1 })).toBe(false);
    expect(admits(admission, 'b', { maxPerSource: 1 })).toBe(true);
    admission.authenticate('a');
    expect(admits(admission, 'a', { maxStartups: 2, maxPerSource: 1 })).toBe(true);
  });

  it('denies with the reason that a limit is reached', () => {
    const admission = new Admission();
    admission.arrive('a');
    const verdicts: Verdict<ConnectionRequest>[] = [];
    admission
      .policy({ ...ROOMY, maxConnections: 0 })(of(consider(connectionRequest('a'))))
      .subscribe((verdict) => verdicts.push(verdict));

    expect(verdicts).toMatchObject([{ state: 'denied', by: 'admission', reason: 'limit-reached' }]);
  });

  it('counts peers without an address only with the others', () => {
    const admission = new Admission();
    for (let peer = 0; peer < 20; peer += 1) admission.arrive('');

    expect(admits(admission, '', { maxPerSource: 1 })).toBe(true);
    expect(admits(admission, '', { maxStartups: 19 })).toBe(false);
  });

  it('is back where it began once everybody has left, however they came and went', () => {
    const source = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('arrive', 'authenticate', 'leave'), source)), (steps) => {
        const admission = new Admission();
        const present: { readonly source: string; authenticated: boolean }[] = [];
        for (const [kind, from] of steps) {
          const waiting = present.find((it) => it.source === from && !it.authenticated);
          const leaving = present.findIndex((it) => it.source === from);
          if (kind === 'arrive') {
            admission.arrive(from);
            present.push({ source: from, authenticated: false });
          } else if (kind === 'authenticate' && waiting !== undefined) {
            admission.authenticate(from);
            waiting.authenticated = true;
          } else if (kind === 'leave' && leaving !== -1) {
            for (const gone of present.splice(leaving, 1)) admission.leave(from, gone.authenticated);
          }

          const startups = present.filter((it) => !it.authenticated);
          const fromHere = startups.filter((it) => it.source === from);
          expect(admits(admission, from, { maxConnections: present.length })).toBe(true);
          expect(admits(admission, from, { maxConnections: present.length - 1 })).toBe(false);
          expect(admits(admission, from, { maxStartups: startups.length })).toBe(true);
          expect(admits(admission, from, { maxStartups: startups.length - 1 })).toBe(false);
          expect(admits(admission, from, { maxPerSource: fromHere.length })).toBe(true);
          expect(admits(admission, from, { maxPerSource: fromHere.length - 1 })).toBe(false);
        }
      }),
    );
  });
});
