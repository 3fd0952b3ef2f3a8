import { inspect } from 'node:util';

import { type PasswordHasher, SshServerError } from 'rxsshd';

/** The kinds of hashes that there are here. */
export type HashKind = 'argon2id' | 'scrypt' | 'bcrypt';

/** How often each kind is among the hashes of your users, in proportion: `{ bcrypt: 3, argon2id: 1 }`. Integers from 0 to 1000. */
export type DecoyShares = Readonly<Partial<Record<HashKind, number>>>;

const MOST = 1_000;

/**
 * The decoys of which each kind has its share.
 *
 * @throws SshServerError `ERR_SSH_OPTION` if a kind is not known, a share is out of range, or all of them are 0
 */
export function decoysByShare(
  shares: DecoyShares,
  hashers: Readonly<Record<HashKind, Pick<PasswordHasher, 'decoy'>>>,
): readonly string[] {
  const decoys = Object.entries(shares).flatMap(([kind, share]: readonly [string, unknown]) => {
    const hasher = Object.entries(hashers).find(([name]) => name === kind)?.[1];
    if (hasher === undefined) throw badShares('must name argon2id, scrypt or bcrypt', kind);
    if (!Number.isInteger(share) || Number(share) < 0 || Number(share) > MOST) {
      throw badShares(`must have an integer from 0 to ${String(MOST)} for ${kind}`, share);
    }
    return Array<string>(Number(share)).fill(hasher.decoy);
  });
  if (decoys.length === 0) throw badShares('must give a share to one kind at least', shares);
  return decoys;
}

const badShares = (rule: string, value: unknown): SshServerError =>
  new SshServerError('ERR_SSH_OPTION', `passwordsPlugin: decoys ${rule}, got ${inspect(value, { depth: 0 })}`);
