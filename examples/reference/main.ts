import { isIPv6 } from 'node:net';

import { ContainerModule } from 'inversify';
import { identity } from 'rxjs';
import { createServer, SshServerError } from 'rxsshd';

import { authorizedKeys } from './authorized-keys.js';
import { Commands } from './commands.js';
import { DEMO, Desk } from './desk.js';
import { logEvents, logFailures } from './event-log.js';
import { loadHostKeys } from './host-keys.js';
import { Repl } from './repl.js';
import { SettingError } from './setting-error.js';
import { readSettings } from './settings.js';
import { KEYS, SETTINGS } from './tokens.js';

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  // Without a file no key signs in: the policy that changes nothing leaves every request undecided, which denies it.
  const keys = settings.authorizedKeys === undefined ? identity : await authorizedKeys(settings.authorizedKeys, DEMO);

  const server = await createServer({
    hostKeys: await loadHostKeys(settings.stateDir),
    handlers: [Desk, Commands, Repl],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(SETTINGS).toConstantValue(settings);
        bind(KEYS).toConstantValue(keys);
      }),
    ],
    authMethods: settings.demoPasswords ? ['publickey', 'password'] : ['publickey'],
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
  });
  if (settings.log) logEvents(server.events, console.error);
  else logFailures(server.events, console.error);

  const address = await server.listen({ host: settings.host, port: settings.port });

  // npm passes on a Ctrl-C that the terminal has sent as well, so the second signal must not cut the first one short.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      void server.shutdown({ graceMs: settings.drainMs });
    });
  }
  const host = isIPv6(settings.host) ? `[${settings.host}]` : settings.host;
  const port = typeof address === 'string' ? settings.port : address.port;
  console.log(`listening on ssh://${host}:${String(port)}`);
}

try {
  await start();
} catch (error) {
  // Anything else is a mistake in this program: let it show its stack.
  if (!(error instanceof SettingError || SshServerError.is(error))) throw error;
  console.error(`cannot start: ${error.message}`);
  process.exitCode = 1;
}
