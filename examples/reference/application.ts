import { ContainerModule } from 'inversify';
import type { CreateServerOptions, Policy, SSHUserAuthRequest } from 'rxsshd';

import { Commands } from './commands.js';
import { Desk } from './desk.js';
import { Repl } from './repl.js';
import type { Settings } from './settings.js';
import { KEYS, SETTINGS } from './tokens.js';

/** What this server consists of but for its host keys: its handlers, and the limits that the settings give. */
export function application(
  settings: Settings,
  keys: Policy<SSHUserAuthRequest>,
): Omit<CreateServerOptions, 'hostKeys'> {
  return {
    handlers: [Desk, Commands, Repl],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(SETTINGS).toConstantValue(settings);
        bind(KEYS).toConstantValue(keys);
      }),
    ],
    authMethods: settings.demoPasswords ? ['publickey', 'password', 'keyboard-interactive'] : ['publickey'],
    admission: {
      maxConnections: settings.maxConnections,
      maxStartups: settings.maxStartups,
      maxPerSource: settings.maxPerSource,
    },
    limits: {
      maxAuthFailures: settings.maxAuthAttempts,
      // An attempt with a key takes two requests, so a higher limit on attempts must raise the limit on requests.
      maxAuthRequests: Math.max(64, 2 * settings.maxAuthAttempts),
      maxChannels: settings.maxChannels,
    },
    loginGraceMs: settings.loginGraceMs,
  };
}
