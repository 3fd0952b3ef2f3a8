import { SshServerError } from '../errors.js';
import type { HostKey } from '../transport/host-keys/host-key.js';

/** What a server can prove itself with. */
export interface HostKeyOffer {
  /** Signature algorithms, most wanted first, each with the key that signs so. */
  readonly byAlgorithm: Readonly<Record<string, HostKey>>;
  /** Keys that no algorithm in force asks for. */
  readonly unused: readonly HostKey[];
}

/**
 * Finds a host key for each of `algorithms`, in that order; those that no key can sign with are left out.
 *
 * @throws SshServerError `ERR_SSH_OPTION` if two keys are of one type, or none of them is of use
 */
export function offerHostKeys(hostKeys: readonly HostKey[], algorithms: readonly string[]): HostKeyOffer {
  const types = new Set<string>();
  for (const { type } of hostKeys) {
    if (types.has(type)) {
      throw new SshServerError(
        'ERR_SSH_OPTION',
        `createServer: hostKeys: two keys of type ${type}; a server has at most one of each type`,
      );
    }
    types.add(type);
  }
  const entries = algorithms.flatMap((algorithm) => {
    const key = hostKeys.find((it) => it.algorithms.some((name) => name === algorithm));
    return key === undefined ? [] : [[algorithm, key] as const];
  });
  if (entries.length === 0) {
    throw new SshServerError(
      'ERR_SSH_OPTION',
      `createServer: hostKeys: none of type ${[...types].join(', ')} can sign with ${algorithms.join(', ')}. ` +
        'Give a key of another type (generateHostKey makes one) or change algorithms.hostKeys',
    );
  }
  const used = new Set(entries.map(([, key]) => key));
  return { byAlgorithm: Object.fromEntries(entries), unused: hostKeys.filter((key) => !used.has(key)) };
}
