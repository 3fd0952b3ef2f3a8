import { existsSync, mkdtempSync } from 'node:fs';
import { launch } from './launch.js';
import { benchPath, nodeCommand } from './node-command.js';
import { wordCommand, type ServerUnderTest } from './server-under-test.js';

type Part = Pick<ServerUnderTest, 'id' | 'name' | 'role' | 'onRequest'>;

/** A server of `examples/guarded`, compiled, with limits that let the load generator sign in as often as it likes. */
function serverOf(entry: 'main' | 'bare', part: Part): ServerUnderTest {
  const program = benchPath(`../dist-examples/guarded/${entry}.js`);
  return {
    ...part,
    forks: false,
    hasCipher: () => true,
    concurrentSetups: Infinity,
    // The policy maxChannels allows no more.
    concurrentChannels: 10,
    words: ['true', 'cat'],
    unavailable: () =>
      existsSync(program)
        ? undefined
        : `dist-examples/guarded/${entry}.js is missing: run \`npm run build && npm run build:examples\` first`,
    version: () => `examples/guarded/${entry}.ts`,
    commandFor: wordCommand,
    start: (surroundings) => {
      const { workspace } = surroundings;
      return launch(surroundings, {
        label: part.id,
        username: 'demo',
        command: nodeCommand(program),
        environment: {
          HOST: '127.0.0.1',
          PORT: '0',
          STATE_DIR: mkdtempSync(workspace.path(`${part.id}-state-`)),
          AUTHORIZED_KEYS: workspace.authorizedKeys,
          MAX_STARTUPS: '1000',
          MAX_PER_SOURCE: '1000',
          MAX_AUTH_REQUESTS_PER_MINUTE: '1000000',
        },
        port: 'printed',
        collectable: true,
      });
    },
  };
}

const bare = serverOf('bare', { id: 'bare', name: 'sign-in alone', role: 'anchor' });

/** One server with ten policies, and what it is compared to: the same with the sign-in alone, and that once more. */
export const GUARDED_SERVERS: readonly ServerUnderTest[] = [
  bare,
  { ...bare, id: 'bare-again', name: 'sign-in alone again', role: 'peer', onRequest: true },
  serverOf('main', { id: 'guarded', name: 'ten policies', role: 'subject' }),
];
