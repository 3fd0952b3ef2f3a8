import type { Clock } from '../../../streams/clock.js';
import { type Answer, whenAnswered } from '../answer.js';
import type { HostList } from './host-list.js';
import { readIpAddress } from './ip-address.js';
import type { NameLookup } from './name-lookup.js';

/** Whether a client is on a list. */
export interface ClientMembership {
  /** Undefined if nobody can say: take it for neither yes nor no. */
  readonly listed: boolean | undefined;
  /** True if nobody can say since too many names are being looked up. */
  readonly busy?: boolean;
  /** Why nobody can say, if something failed. A client without a verified name is no failure. */
  readonly failure?: unknown;
}

/**
 * Whether a client is on any of `lists`. By its address if that settles it, at once; else by its verified names, if there
 * are names on the lists. A client without a verified name could have any.
 */
export function clientMembership(
  lists: readonly HostList[],
  remoteAddress: string,
  lookup: NameLookup,
  clock: Clock,
): Answer<ClientMembership> {
  const ip = readIpAddress(remoteAddress);
  if (ip === undefined) return { listed: undefined };
  if (lists.some((list) => list.hasAddress(ip.address) === true)) return { listed: true };
  if (!lists.some((list) => list.hasNames)) return { listed: false };

  const answer = lookup.namesOf(ip.address, clock);
  if (answer === undefined) return { listed: undefined, busy: true };
  return whenAnswered(answer, (verified): ClientMembership => {
    const { names = [], failure } = verified ?? {};
    if (names.some((name) => lists.some((list) => list.hasName(name)))) return { listed: true };
    if (failure !== undefined) return { listed: undefined, failure };
    return { listed: names.length === 0 ? undefined : false };
  });
}
