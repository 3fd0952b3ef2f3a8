import { Resolver } from 'node:dns/promises';

import type { HostNameResolver } from './host-name-resolver.js';
import { isNameAbsent } from './is-name-absent.js';

/** Milliseconds until a name server is asked again, and how often one is: nobody waits for longer than a few seconds. */
const QUERY = { timeout: 1_000, tries: 2 } as const;

/**
 * Asks the name servers of this machine.
 *
 * Questions go out on their own sockets and take no thread, unlike those of `dns.lookup()`: clients cause them, and the
 * threads do the cryptography. The price is that `/etc/hosts` is not read for addresses.
 */
export function systemResolver(): HostNameResolver {
  // Made with the first question: a server whose lists hold no names needs none.
  let servers: Resolver | undefined;
  const ask = (): Resolver => (servers ??= new Resolver(QUERY));

  return {
    reverse: (address) => ask().reverse(address),
    resolve: async (name) => {
      const answers = await Promise.allSettled([ask().resolve4(name), ask().resolve6(name)]);
      const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      // A family that fails beside one that answers is the common case of a broken name server in between.
      if (found.length > 0) return found;
      const failed = answers.find((answer) => answer.status === 'rejected' && !isNameAbsent(answer.reason));
      if (failed?.status === 'rejected') throw failed.reason;
      return [];
    },
  };
}
