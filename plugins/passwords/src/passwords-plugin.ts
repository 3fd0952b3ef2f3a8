import {
  definePlugin,
  PASSWORD_HASHING,
  PasswordHashing,
  type PasswordHashingOptions,
  scryptHasher,
  type ScryptParameters,
  type SshPlugin,
} from 'rxsshd';

import { argon2idHasher } from './argon2id-hasher.js';
import type { Argon2idParameters } from './argon2id-parameters.js';
import { type BcryptHasher, bcryptHasher, type BcryptHasherOptions } from './bcrypt-hasher.js';
import { decoysByShare, type DecoyShares } from './decoy-shares.js';
import { VERSION } from './version.js';

/** Options of {@link passwordsPlugin}. */
export interface PasswordsPluginOptions extends Omit<PasswordHashingOptions, 'hashers' | 'decoys'> {
  /**
   * What is verified for users who have no hash. Default one hash by argon2id, which is right once all users have such a one: before,
   * the time of a refusal tells them apart from who does not exist. Give the kinds of their hashes with their shares: `{ bcrypt: 1 }` where
   * all come from elsewhere. The decoys cost what new hashes cost, or {@link BcryptHasherOptions.decoyCost}, and are made anew at each start;
   * so with several kinds a name may get another kind after a restart, which the hash of a user does not. Where somebody may
   * compare, give hashes of your own, which stay.
   */
  readonly decoys?: DecoyShares | readonly string[];
  /** What new hashes cost. */
  readonly argon2id?: Argon2idParameters;
  /** What hashes by scrypt would cost; those with other parameters are verified as well. */
  readonly scrypt?: ScryptParameters;
  readonly bcrypt?: BcryptHasherOptions;
}

/**
 * A plugin that binds {@link PASSWORD_HASHING}: new hashes by argon2id, those by scrypt and bcrypt verified. Inject it where policies
 * are made, and hand it to `grantHashedPassword` as its `hashing`.
 *
 * Nothing is loaded or started before the first password. Threads end when the server shuts down.
 *
 * @throws SshServerError `ERR_SSH_OPTION` or `ERR_SSH_PASSWORD_HASH`, when called, if an option is wrong
 */
export function passwordsPlugin(options: PasswordsPluginOptions = {}): SshPlugin {
  /** What has to be closed, of each server that has the plugin. */
  const threads = new WeakMap<PasswordHashing, BcryptHasher>();
  const make = (): PasswordHashing => {
    const { argon2id, scrypt, bcrypt, decoys, ...bounds } = options;
    const hashers = { argon2id: argon2idHasher(argon2id), scrypt: scryptHasher(scrypt), bcrypt: bcryptHasher(bcrypt) };
    const hashing = new PasswordHashing({
      ...bounds,
      ...(decoys === undefined ? {} : { decoys: isList(decoys) ? decoys : decoysByShare(decoys, hashers) }),
      hashers: [hashers.argon2id, hashers.scrypt, hashers.bcrypt],
    });
    threads.set(hashing, hashers.bcrypt);
    return hashing;
  };
  // Options are wrong before a server is built, not when the first password comes. It has started nothing.
  make();

  return definePlugin({
    name: '@rxsshd/passwords',
    version: VERSION,
    bind: ({ bind }) => {
      bind(PASSWORD_HASHING)
        .toDynamicValue(make)
        .inSingletonScope()
        .onDeactivation((hashing) => threads.get(hashing)?.close());
    },
  });
}

/** `Array.isArray` does not know lists that are only read. */
const isList = (decoys: DecoyShares | readonly string[]): decoys is readonly string[] => Array.isArray(decoys);
