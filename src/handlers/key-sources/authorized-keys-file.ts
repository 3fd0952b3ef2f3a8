import type { BigIntStats } from 'node:fs';
import path from 'node:path';

import { messageOf, SshServerError } from '../../errors.js';
import { type AuthorizedKeys, parseAuthorizedKeys } from '../../protocol/authentication/authorized-keys.js';
import { systemClock } from '../../streams/clock.js';
import { requireBoolean } from '../policies/choice-checks.js';
import { requireCount, requireDuration, requireFunction, requireObject } from '../policies/option-checks.js';
import { type ClockOption, requireClock } from '../policies/policy-clock.js';
import { policyOptionError } from '../policies/policy-option-error.js';
import { CachedFile } from './cached-file.js';
import { FileCache } from './file-cache.js';
import type { KeysUnavailable } from './keys-unavailable.js';
import { TokenTemplate } from './token-template.js';
import { requireTrustedPath, trustedOwners } from './trusted-path.js';
import { isFileName } from './user-file-name.js';

/** Options of {@link authorizedKeysFile}. */
export interface AuthorizedKeysFileOptions extends ClockOption {
  /** A larger file gives no keys. In bytes; default 131 072, some thousand Ed25519 keys. */
  readonly maxBytes?: number;
  /** How much of files is remembered, in bytes, with 1 KiB for each file on top. Default 16 MiB. */
  readonly maxCachedBytes?: number;
  /**
   * Whether a file gives no keys that others could have written: the file and each folder above it have to belong to root, to the
   * user that this server runs as, or to `ownerOf`, and neither their group nor everybody may write there, but for folders with the
   * sticky bit. As `StrictModes` of sshd_config(5). Default true. Without effect on Windows.
   */
  readonly strictModes?: boolean;
  /**
   * How long a look at a file counts, in milliseconds: so much later a change is noticed at most, and so much less a busy server asks
   * the file system. Default 0: a file is looked at for each key.
   */
  readonly lookEveryMs?: number;
  /** The number of the system's user who may own the file of `user` as well. Default: nobody else. */
  readonly ownerOf?: (user: string) => number | undefined;
}

const NAME = 'authorizedKeysFile';
const DEFAULT_MAX_BYTES = 131_072;
const DEFAULT_MAX_CACHED_BYTES = 16_777_216;

/**
 * A source of keys for {@link grantPublicKey}: files in the form of sshd(8), AUTHORIZED_KEYS FILE FORMAT, one for each user or one
 * for all.
 *
 * A file is looked at whenever keys are asked for (unless `lookEveryMs` says otherwise), and read again if it has changed or another was put in its place. To change one,
 * write a new file and rename it: what is written in place can be read half-finished. A user whose file does not exist has no keys.
 * Where the file system takes several names for one, as those of Windows and macOS do with upper and lower case, users with such names
 * share a file.
 * If there is a file that cannot be used, since it cannot be read, is too large, no regular file, or could have been written by
 * others, its user has no keys either, and an `Error` event (`ERR_SSH_KEY`) names the path and the reason.
 *
 * @example
 * ```ts
 * const handlers = [
 *   decide('SSHUserAuthRequest', grantPublicKey(authorizedKeysFile('/etc/ssh/keys/%u'), { endWithKey: true })),
 * ];
 * ```
 *
 * @param file - A path in which `%u` stands for the name of the user, and `%%` for a percent sign; or a function that says where
 * the keys of a user are, or undefined for a user who has none. A user has no keys, and the function is not asked, if the name is none
 * that every file system keeps as it is: `..`, for one, or one with `/` or NUL in it, with a dot or a blank at its end, or not in the
 * Unicode form NFC. A relative path begins at the working directory of the process.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is of the wrong kind or out of range, or the path
 * has another token.
 * @see {@link authorizedKeysCommand} for a program that knows the keys.
 */
export function authorizedKeysFile(
  file: string | ((user: string) => string | undefined),
  options: AuthorizedKeysFileOptions = {},
): (user: string) => Promise<AuthorizedKeys | KeysUnavailable> {
  requireObject(NAME, 'options', options);
  requireClock(NAME, options);
  const { maxBytes = DEFAULT_MAX_BYTES, maxCachedBytes = DEFAULT_MAX_CACHED_BYTES } = options;
  const { strictModes = true, ownerOf, clock = systemClock, lookEveryMs = 0 } = options;
  requireCount(NAME, 'maxBytes', maxBytes);
  requireCount(NAME, 'maxCachedBytes', maxCachedBytes);
  if (lookEveryMs !== 0) requireDuration(NAME, 'lookEveryMs', lookEveryMs);
  requireBoolean(NAME, 'strictModes', strictModes);
  if (ownerOf !== undefined) requireFunction(NAME, 'ownerOf', ownerOf);
  const pathOf = locator(file);
  const owners = strictModes ? trustedOwners() : undefined;
  const files = new FileCache<AuthorizedKeys>(maxCachedBytes);

  const open = (user: string, location: string): CachedFile<AuthorizedKeys> => {
    const inspect = async (stats: BigIntStats): Promise<void> => {
      if (owners === undefined) return;
      const owner = ownerOf?.(user);
      await requireTrustedPath(location, stats, owner === undefined ? owners : [...owners, owner]);
    };
    return new CachedFile({
      path: location,
      understand: (content) => parseAuthorizedKeys(content.toString('utf8')),
      maxBytes,
      inspect,
      now: () => clock.now(),
      lookEveryMs,
    });
  };

  return async (user) => {
    const location = pathOf(user);
    if (location === undefined) return NO_KEYS;
    // Who may own it can differ by user, also where users share a file.
    const key = ownerOf === undefined ? location : `${user}\0${location}`;
    try {
      return await files.contentOf(key, () => open(user, location));
    } catch (cause) {
      if (isAbsent(cause)) return NO_KEYS;
      const message = `${NAME}: ${location} gives no keys, since ${messageOf(cause)}`;
      return { unavailable: new SshServerError('ERR_SSH_KEY', message, { cause }) };
    }
  };
}

const NO_KEYS: AuthorizedKeys = { entries: [], problems: [] };

/** @returns where the keys of a user are, as an absolute path; undefined if nowhere. */
function locator(file: string | ((user: string) => string | undefined)): (user: string) => string | undefined {
  if (typeof file === 'function') {
    return (user) => {
      // JavaScript may answer with anything.
      const location: unknown = isFileName(user) ? file(user) : undefined;
      if (location === undefined) return undefined;
      if (typeof location === 'string' && location !== '') return path.resolve(location);
      throw new TypeError('the path of a file of keys has to be a text, or undefined');
    };
  }
  const given: unknown = file;
  if (typeof given !== 'string' || given === '' || given.includes('\0')) {
    throw policyOptionError(NAME, 'file', 'must be a path, or a function that makes one', given);
  }
  const template = TokenTemplate.read(file, ['u']);
  if ('fault' in template) throw policyOptionError(NAME, 'file', template.fault, file);
  const isByUser = template.has('u');
  // Not part of the template: its percent signs are no tokens.
  const from = process.cwd();
  return (user) => (isByUser && !isFileName(user) ? undefined : path.resolve(from, template.fill({ u: user })));
}

/** A name in the place of a folder, too: `ENOTDIR`. */
function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
}
