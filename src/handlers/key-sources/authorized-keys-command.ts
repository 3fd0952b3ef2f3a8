import { stat } from 'node:fs/promises';
import path from 'node:path';

import { catchError, concatMap, defer, from, map, type Observable, of } from 'rxjs';

import { messageOf, SshServerError } from '../../errors.js';
import { type AuthorizedKeys, parseAuthorizedKeys } from '../../protocol/authentication/authorized-keys.js';
import { type Clock, systemClock } from '../../streams/clock.js';
import type { FindAuthorizedKeys } from '../policies/authentication/grant-public-key.js';
import { isBusy } from '../policies/authentication/is-busy.js';
import { requireBoolean, requireTexts } from '../policies/choice-checks.js';
import { requireCount, requireDuration, requireObject } from '../policies/option-checks.js';
import { type ClockOption, requireClock } from '../policies/policy-clock.js';
import { policyOptionError } from '../policies/policy-option-error.js';
import type { KeysUnavailable } from './keys-unavailable.js';
import { programOutput } from './program-output.js';
import { TokenTemplate } from './token-template.js';
import { requireTrustedPath, trustedOwners } from './trusted-path.js';
import { WaitingLine } from './waiting-line.js';

/** Options of {@link authorizedKeysCommand}. */
export interface AuthorizedKeysCommandOptions extends ClockOption {
  /**
   * The program, by its absolute path, and its arguments, in which `%u` stands for the name of the user, `%k` for the key or
   * certificate in base64, `%t` for its type, `%f` for the fingerprint of the key, and `%%` for a percent sign.
   */
  readonly command: readonly [program: string, ...args: string[]];
  /** How long the program may take, in milliseconds; then it is ended, and so is what it has started. Default 10,000. */
  readonly timeoutMs?: number;
  /** How much it may write, in bytes. Default 131 072, some thousand Ed25519 keys. */
  readonly maxBytes?: number;
  /** How many may run at once. Default 8. */
  readonly maxRunning?: number;
  /** How many questions may wait for one that runs to end. Default 64. */
  readonly maxWaiting?: number;
  /** Its environment, and nothing else is in there but a `PATH` of the folders of the system. Default none. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whom it runs as, which only root may choose. Default the user of this server. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /**
   * Whether a program is not run that others than root and the user of this server could have written, as for
   * {@link AuthorizedKeysFileOptions.strictModes}. Default true. Without effect on Windows.
   */
  readonly strictModes?: boolean;
}

const NAME = 'authorizedKeysCommand';
const TOKENS = ['u', 'k', 't', 'f'] as const;
/** What a command line cannot hold, or holds as another name. */
const UNWRITABLE = /[\0\p{Surrogate}]/u;
/** Longer than any name of a user, and far below what a command line may have. */
const MAX_USER_LENGTH = 255;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A source of keys for {@link grantPublicKey}: a program that writes the keys of a user in the form of sshd(8), AUTHORIZED_KEYS FILE
 * FORMAT, as `AuthorizedKeysCommand` of sshd_config(5).
 *
 * It is run without a shell, and twice for each sign-in: for the offer and for the proof. A user has no keys if it ends with another
 * status than 0, cannot be run, takes too long or writes too much, and if too many are waiting already; an `Error` event has the
 * reason, with the code `ERR_SSH_BUSY` if too many wait, else `ERR_SSH_KEY`. The program is ended if the client goes. It is not run
 * for a user whose name would be read as an option, or that no command line can hold.
 *
 * @example
 * ```ts
 * const keysOf = authorizedKeysCommand({ command: ['/usr/local/bin/keys-of', '--fingerprint=%f', '--', '%u'] });
 * const handlers = [decide('SSHUserAuthRequest', grantPublicKey(keysOf))];
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is of the wrong kind or out of range.
 */
export function authorizedKeysCommand(options: AuthorizedKeysCommandOptions): FindAuthorizedKeys {
  requireObject(NAME, 'options', options);
  const { program, templates, inspect, ...limits } = checked(options);
  const { environment = {}, runAs } = options;
  const line = new WaitingLine(limits);

  return (user, { key }): Observable<AuthorizedKeys | KeysUnavailable> => {
    const { blob, type, fingerprint } = key;
    const values = {
      u: user,
      k: Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('base64'),
      t: type,
      f: fingerprint,
    };
    const args = templates.map(({ template }) => template.fill(values));
    const isMisread = templates.some(({ isOption }, index) => !isOption && args[index]?.startsWith('-') === true);
    if (isMisread || UNWRITABLE.test(user) || user.length > MAX_USER_LENGTH) return of(NO_KEYS);

    const output$ = programOutput({
      program,
      args,
      environment: { PATH: SYSTEM_PATH, ...environment },
      ...(runAs === undefined ? {} : { runAs }),
      ...limits,
    });
    return line.enter(defer(inspect).pipe(concatMap(() => output$))).pipe(
      map((output) => parseAuthorizedKeys(output.toString('utf8'))),
      catchError((cause: unknown) => {
        const message = `${NAME}: ${program} gives no keys, since ${messageOf(cause)}`;
        return of({
          unavailable: new SshServerError(isBusy(cause) ? 'ERR_SSH_BUSY' : 'ERR_SSH_KEY', message, { cause }),
        });
      }),
    );
  };
}

const NO_KEYS: AuthorizedKeys = { entries: [], problems: [] };

/** An argument with tokens. */
interface ArgumentTemplate {
  readonly template: TokenTemplate;
  /** Whether it was meant to begin with a dash. */
  readonly isOption: boolean;
}

interface CheckedCommand {
  readonly program: string;
  readonly templates: readonly ArgumentTemplate[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly maxRunning: number;
  readonly maxWaiting: number;
  readonly clock: Clock;
  /** Refuses a program that others could have written. */
  readonly inspect: () => Observable<void>;
}

function checked(options: AuthorizedKeysCommandOptions): CheckedCommand {
  const { timeoutMs = 10_000, maxBytes = 131_072, maxRunning = 8, maxWaiting = 64 } = options;
  const { command, strictModes = true, environment = {}, runAs, clock = systemClock } = options;
  requireTexts(NAME, 'command', command);
  const [program, ...args] = command;
  if (!path.isAbsolute(program)) {
    throw policyOptionError(NAME, 'command', 'must begin with the absolute path of a program', command);
  }
  requireDuration(NAME, 'timeoutMs', timeoutMs);
  requireCount(NAME, 'maxBytes', maxBytes);
  requireCount(NAME, 'maxRunning', maxRunning);
  requireCount(NAME, 'maxWaiting', maxWaiting);
  requireBoolean(NAME, 'strictModes', strictModes);
  requireClock(NAME, options);
  requireObject(NAME, 'environment', environment);
  if (runAs !== undefined && !(Number.isInteger(runAs.uid) && Number.isInteger(runAs.gid))) {
    throw policyOptionError(NAME, 'runAs', 'must have the numbers uid and gid', runAs);
  }
  const templates = args.map((text): ArgumentTemplate => {
    const template = TokenTemplate.read(text, TOKENS);
    if ('fault' in template) throw policyOptionError(NAME, 'command', template.fault, command);
    return { template, isOption: text.startsWith('-') };
  });
  const owners = strictModes ? trustedOwners() : undefined;
  const inspect = (): Observable<void> => from(owners === undefined ? Promise.resolve() : requireOurs(program, owners));
  return { program, templates, timeoutMs, maxBytes, maxRunning, maxWaiting, clock, inspect };
}

const requireOurs = async (program: string, owners: readonly number[]): Promise<void> =>
  requireTrustedPath(program, await stat(program, { bigint: true }), owners);
