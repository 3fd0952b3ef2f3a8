import fc from 'fast-check';
import { NEVER } from 'rxjs';

import { DenyReason } from '../../../src/streams/deny-reason.js';
import type { Lease } from '../../../src/streams/lease.js';
import type { Policy } from '../../../src/streams/policy.js';
import { abstains, declines, denies, grants } from './members.js';

/** What a member does with everything that is not denied. */
export interface MemberScript {
  readonly says: 'grant' | 'decline' | 'deny' | 'nothing';
  readonly by: string;
  readonly reason: DenyReason;
  readonly leases: readonly Lease[];
}

/** Functions, so that each equals itself alone. */
const leases: readonly Lease[] = [() => NEVER, () => NEVER, () => NEVER];

export const memberScript: fc.Arbitrary<MemberScript> = fc.record({
  says: fc.constantFrom('grant', 'decline', 'deny', 'nothing'),
  by: fc.constantFrom('one', 'two', 'three'),
  reason: fc.constantFrom(DenyReason.NotPermitted, DenyReason.OutsideHours, DenyReason.PolicyFailed),
  leases: fc.subarray([...leases]),
});

export function scripted<R>({ says, by, reason, leases: own }: MemberScript): Policy<R> {
  if (says === 'deny') return denies(by, reason);
  if (says === 'decline') return declines(by, reason, ...own);
  return says === 'grant' ? grants(by, ...own) : abstains(...own);
}
