import { createRequire } from 'node:module';
import { launch } from './launch.js';
import { benchPath, nodeCommand } from './node-command.js';
import { wordCommand, type ServerUnderTest } from './server-under-test.js';

const require = createRequire(import.meta.url);

/** Version of the `ssh2` package that this project runs on. */
export function ssh2Version(): string {
  // `require` is untyped; the shape is that of every package.json.
  return (require('ssh2/package.json') as { version: string }).version;
}

/** Whether `ssh2` found its native addon; without it the numbers of both Node servers are different ones. */
export function ssh2HasAddon(): boolean {
  // An internal module of ssh2 without types; the flag is what ssh2 itself goes by.
  return (require('ssh2/lib/protocol/crypto.js') as { bindingAvailable: boolean }).bindingAvailable;
}

/** Plain `ssh2` with TCP_NODELAY: all ratios are to it. */
export const rawSsh2: ServerUnderTest = {
  id: 'ssh2',
  name: 'raw ssh2',
  role: 'anchor',
  forks: false,
  hasCipher: () => true,
  concurrentSetups: Infinity,
  concurrentChannels: Infinity,
  unavailable: () => undefined,
  version: () => `ssh2 ${ssh2Version()} (with setNoDelay)`,
  commandFor: wordCommand,
  start: (surroundings) =>
    launch(surroundings, {
      label: 'ssh2',
      username: 'demo',
      command: nodeCommand(benchPath('servers/raw-ssh2-server.mjs')),
      environment: {
        HOST_KEY: surroundings.workspace.hostKey,
        AUTHORIZED_KEY: surroundings.workspace.publicKeyText(),
      },
      port: 'printed',
      collectable: true,
    }),
};
