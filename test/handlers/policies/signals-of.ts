import type { Observable } from 'rxjs';

import type { Held } from '../../../src/streams/held.js';
import type { LeaseSignal } from '../../../src/streams/lease.js';
import type { Verdict } from '../../../src/streams/verdict.js';

/** The signals of the last lease of a verdict, as they are for `thing`. */
export function signalsOf(verdict: Verdict<unknown>, thing: Held): Observable<LeaseSignal> {
  const lease = verdict.state === 'denied' ? undefined : verdict.leases.at(-1);
  if (lease === undefined) throw new Error('the verdict has no lease');
  return typeof lease === 'function' ? lease(thing) : lease;
}
