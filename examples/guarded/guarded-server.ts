import path from 'node:path';

import { ContainerModule } from 'inversify';
import { createServer, type HandlerClass, loadOrCreateHostKey } from 'rxsshd';

import { Commands } from './commands.js';
import { type Settings, SETTINGS } from './settings.js';

/** Builds the server with the policies of `guard`. */
export async function guardedServer(guard: HandlerClass, settings: Settings) {
  return createServer({
    hostKeys: [await loadOrCreateHostKey(path.join(settings.stateDir, 'ssh_host_ed25519_key'))],
    handlers: [guard, Commands],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(SETTINGS).toConstantValue(settings);
      }),
    ],
    authMethods: ['publickey'],
    // The policies say who may hold how many connections; the server's own limits only bound all of them.
    admission: { maxConnections: 1000, maxStartups: 1000, maxPerSource: 1000 },
  });
}
