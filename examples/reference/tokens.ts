import type { ServiceIdentifier } from 'inversify';
import type { Policy, SSHUserAuthRequest } from 'rxsshd';

import type { Settings } from './settings.js';

/** What the environment decided. */
export const SETTINGS: ServiceIdentifier<Settings> = Symbol.for('reference/Settings');

/** The policy that knows the public keys. */
export const KEYS: ServiceIdentifier<Policy<SSHUserAuthRequest>> = Symbol.for('reference/Keys');
