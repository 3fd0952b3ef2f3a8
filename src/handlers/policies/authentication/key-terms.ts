import type { AuthorizedKey } from '../../../protocol/authentication/authorized-keys.js';
import type { KeyOption } from '../../../protocol/authentication/authorized-keys-options.js';
import { readEnvironmentOption } from './key-environment-option.js';
import { readExpiryOption } from './key-expiry-option.js';
import { type ForwardPlaces, readForwardOption } from './key-forward-option.js';
import { type KeyOrigin, readFromOption } from './key-from-option.js';
import { ALL_PERMISSIONS, type KeyPermissions } from './key-permissions.js';

/** On what terms the key of an authorized_keys line may be used (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
export interface KeyTerms {
  /** Whether the key signs certificates instead of requests. */
  readonly isAuthority: boolean;
  /** The names that certificates have to have one of, instead of the user's name; for authorities. */
  readonly principals: ReadonlySet<string> | undefined;
  readonly origin: KeyOrigin | undefined;
  /** Last millisecond of its life; infinite if nothing limits it. */
  readonly expiresAt: number;
  /** Whether a security key may sign without being touched. */
  readonly mayBeUntouched: boolean;
  /** Whether a security key has to know its owner. */
  readonly mustVerifyUser: boolean;
  readonly permissions: KeyPermissions;
}

/** {@link KeyTerms} while they are read. */
type Draft = { -readonly [Name in keyof Omit<KeyTerms, 'permissions'>]: KeyTerms[Name] } & {
  permissions: { -readonly [Name in keyof KeyPermissions]: KeyPermissions[Name] };
  readonly environment: Map<string, string>;
};

/** What `restrict` does, and a later option may take back one by one. */
const RESTRICTED = { pty: false, portForwarding: false, agentForwarding: false, x11Forwarding: false, tunnels: false };

/** Reads the options of a line. What is not understood in full is refused in full: options restrict. */
export function readKeyTerms({
  options,
  publicKey,
}: Pick<AuthorizedKey, 'options' | 'publicKey'>): KeyTerms | { readonly fault: string } {
  const environment = new Map<string, string>();
  const draft: Draft = {
    isAuthority: false,
    principals: undefined,
    origin: undefined,
    expiresAt: Infinity,
    mayBeUntouched: false,
    mustVerifyUser: false,
    permissions: { ...ALL_PERMISSIONS, environment },
    environment,
  };
  for (const option of options) {
    const fault = apply(draft, option);
    if (fault !== undefined) return { fault };
  }
  if (draft.mustVerifyUser && !draft.isAuthority && publicKey.application === undefined) {
    return { fault: 'option verify-required: the key is in no security key, so nothing can verify its user' };
  }
  return draft;
}

/** @returns why the option cannot be enforced, if so */
function apply(draft: Draft, option: KeyOption): string | undefined {
  const { permissions } = draft;
  const { value = '' } = option;
  if (!option.known) return `nothing enforces the option ${option.name}, so the key must not be accepted`;
  switch (option.name) {
    case 'cert-authority':
      draft.isAuthority = true;
      return undefined;
    case 'principals':
      draft.principals = new Set(value.split(','));
      return draft.principals.has('') ? 'option principals: a name is empty' : undefined;
    case 'from': {
      const reading = readFromOption(value);
      if ('fault' in reading) return `option from: ${reading.fault}`;
      draft.origin = reading;
      return undefined;
    }
    case 'expiry-time': {
      const expiry = readExpiryOption(value);
      if (expiry === undefined) return 'option expiry-time: the value is not a time';
      // Given more than once, the earliest counts.
      draft.expiresAt = Math.min(draft.expiresAt, expiry);
      return undefined;
    }
    case 'command':
      if (value.trim() === '' || value.includes('\0')) return 'option command: the value is no command';
      permissions.command = value;
      return undefined;
    case 'environment': {
      const variable = readEnvironmentOption(value);
      if ('fault' in variable) return `option environment: ${variable.fault}`;
      // As with sshd the first counts.
      if (!draft.environment.has(variable.name)) draft.environment.set(variable.name, variable.value);
      return undefined;
    }
    case 'permitopen':
    case 'permitlisten':
      return applyPlace(permissions, option.name, value);
    case 'restrict':
      Object.assign(permissions, RESTRICTED);
      return undefined;
    case 'pty':
    case 'no-pty':
      permissions.pty = option.name === 'pty';
      return undefined;
    case 'port-forwarding':
    case 'no-port-forwarding':
      permissions.portForwarding = option.name === 'port-forwarding';
      return undefined;
    case 'agent-forwarding':
    case 'no-agent-forwarding':
      permissions.agentForwarding = option.name === 'agent-forwarding';
      return undefined;
    case 'x11-forwarding':
    case 'no-x11-forwarding':
      permissions.x11Forwarding = option.name === 'x11-forwarding';
      return undefined;
    case 'tunnel':
      // Names a device of the server. There is none here to be had, so no other may be had either.
      permissions.tunnels = false;
      return undefined;
    case 'user-rc':
    case 'no-user-rc':
      // Nothing here runs a script of the user before the program.
      return undefined;
    case 'no-touch-required':
      draft.mayBeUntouched = true;
      return undefined;
    case 'verify-required':
      draft.mustVerifyUser = true;
      return undefined;
    default:
      return option satisfies never;
  }
}

function applyPlace(
  permissions: Draft['permissions'],
  option: 'permitopen' | 'permitlisten',
  value: string,
): string | undefined {
  const place = readForwardOption(option, value);
  if ('fault' in place) return `option ${option}: ${place.fault}`;
  const field = option === 'permitopen' ? 'permitOpen' : 'permitListen';
  const places: ForwardPlaces = [...(permissions[field] ?? []), place];
  permissions[field] = places;
  return undefined;
}
