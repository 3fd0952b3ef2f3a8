import { lastingLease } from '../../../streams/lasting-lease.js';
import type { Lease } from '../../../streams/lease.js';
import { restrictWith } from '../../../streams/restriction.js';
import { deadline } from '../lifetime/deadline.js';
import type { Ending } from '../lifetime/ending-options.js';
import { spokenDuration } from '../lifetime/spoken-duration.js';
import type { ClockOption } from '../policy-clock.js';
import type { KeyPermissions } from './key-permissions.js';
import { restrictionOfKey } from './key-restriction.js';

/** That a key may sign in, and what with. */
export interface KeyAdmission {
  readonly permissions: KeyPermissions;
  /** First millisecond at which it may not any more; infinite if nothing limits it. */
  readonly endsAt: number;
}

const TEXTS = {
  warning: (leftMs: number) => `This session ends in ${spokenDuration(leftMs)}`,
  reason: 'the key that this session was opened with has expired',
};

/** What goes with the grant: a restriction, and an end. None for a key that may everything for ever. */
export function leasesOf(
  { permissions, endsAt }: KeyAdmission,
  ending: Ending,
  { clock }: ClockOption,
): readonly Lease[] {
  const restriction = restrictionOfKey(permissions, ending.by);
  return [
    ...(restriction === undefined ? [] : [restrictWith(restriction)]),
    ...(endsAt === Infinity ? [] : [endAt(endsAt, ending, clock)]),
  ];
}

const endAt = (endsAt: number, ending: Ending, clock: ClockOption['clock']): Lease =>
  lastingLease((held) => deadline(clock ?? held.clock, endsAt, ending, TEXTS));
