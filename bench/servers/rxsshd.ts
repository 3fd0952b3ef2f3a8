import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { launch } from './launch.js';
import { benchPath, nodeCommand } from './node-command.js';
import { wordCommand, type ServerUnderTest } from './server-under-test.js';

const PROGRAM = benchPath('../dist-examples/reference/main.js');

/**
 * This project's reference server, compiled. It runs with its production limits in force, but set high enough that
 * 1,000 connections from one address are let in: a refused connection would be a fast one.
 */
export const rxsshd: ServerUnderTest = {
  id: 'rxsshd',
  name: 'rxsshd',
  role: 'subject',
  forks: false,
  hybrid: true,
  hasCipher: () => true,
  concurrentSetups: Infinity,
  concurrentChannels: Infinity,
  unavailable: () =>
    existsSync(PROGRAM)
      ? undefined
      : 'dist-examples/reference/main.js is missing: run `npm run build && npm run build:examples` first',
  version: () => {
    // JSON.parse is untyped; the shape is that of this project's own package.json.
    const { version } = JSON.parse(readFileSync(benchPath('../package.json'), 'utf8')) as { version: string };
    return `rxsshd ${version}, reference server`;
  },
  commandFor: wordCommand,
  start: (surroundings) => {
    const { workspace } = surroundings;
    return launch(surroundings, {
      label: 'rxsshd',
      username: 'demo',
      command: nodeCommand(PROGRAM),
      environment: {
        HOST: '127.0.0.1',
        PORT: '0',
        STATE_DIR: mkdtempSync(workspace.path('rxsshd-state-')),
        AUTHORIZED_KEYS: workspace.authorizedKeys,
        MAX_CONNECTIONS: '10000',
        MAX_STARTUPS: '10000',
        MAX_PER_SOURCE: '10000',
        MAX_CHANNELS: '1000',
        MAX_LOGINS_PER_MINUTE: '1000000',
        COMPRESSION: surroundings.compression === true ? '1' : '0',
      },
      port: 'printed',
      collectable: true,
    });
  },
};
