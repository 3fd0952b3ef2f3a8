import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { record } from '../../src/index.js';
import { authRequest, channelRequest, simulate } from '../../src/testing/index.js';
import { type FinishedProgram, runProgram } from '../support/running-program.js';
import guarded from './fixtures/guarded.js';

const root = path.resolve(import.meta.dirname, '../..');
const fixtures = path.join(import.meta.dirname, 'fixtures');

let folder: string;
let file: string;

/** Runs the command from its source. Fixtures find the package where its name leads by tsconfig.json. */
const rxsshd = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<FinishedProgram> =>
  runProgram(process.execPath, ['--import', 'tsx', path.join(root, 'src/cli/main.ts'), ...args], {
    cwd: fixtures,
    env,
  });

const signIn = (user: string) => authRequest.password(user, `${user}'s password`);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-replay-'));
  file = path.join(folder, 'traffic.jsonl');
  await using simulation = await simulate(guarded());
  const recording = record(simulation.server.events.all, { path: file, clock: simulation.clock });
  simulation.client('192.0.2.7', 'casx|', { a: signIn('ann'), x: channelRequest.exec('hello') });
  simulation.client('192.0.2.8', '10s c-b|', { b: signIn('bob') });
  await simulation.run('1m');
  await simulation.hold(recording.close());
});
afterAll(() => rm(folder, { recursive: true }));

describe('rxsshd replay', { timeout: 60_000 }, () => {
  it('says that nothing comes out otherwise', async () => {
    const { status, stdout, stderr } = await rxsshd(['replay', file, 'guarded.ts', '--exit-code']);

    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout.toString()).toBe('8 decisions made again, none comes out otherwise\n');
  });

  it('shows what comes out otherwise, then and now', async () => {
    const { status, stdout, stderr } = await rxsshd(['replay', file, 'guarded.ts', '--exit-code'], { KEEP_OUT: 'ann' });

    expect([stderr, status]).toEqual(['', 1]);
    expect(stdout.toString()).toBe(
      [
        '6 decisions made again, 1 comes out otherwise',
        '',
        '2026-01-01T00:00:00.001Z  192.0.2.7:40001  ann  SSHUserAuthRequest password',
        '  then  granted by grantPassword in decide(SSHUserAuthRequest)',
        '  now   denied (user-not-allowed) by denyUsers in decide(SSHUserAuthRequest)',
        '',
        'by policy  denyUsers 1',
        'by source  192.0.2.7 1',
        'by user    ann 1',
        '',
        '2 requests would not be made any more',
        '',
      ].join('\n'),
    );
  });

  it('prints JSON for machines, and exits with 0 unless told otherwise', async () => {
    const { status, stdout } = await rxsshd(['replay', file, 'guarded.ts', '--json'], { KEEP_OUT: 'b*' });

    expect(status).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      decisions: 8,
      unreached: 0,
      changes: [
        {
          askedAt: '2026-01-01T00:00:10.002Z',
          user: 'bob',
          request: 'SSHUserAuthRequest password',
          recorded: { outcome: 'granted' },
          replayed: { outcome: 'denied', reason: 'user-not-allowed' },
        },
      ],
      summary: { byUser: { bob: 1 } },
    });
  });

  it.each([
    ['no recording', ['replay', '/nowhere/traffic.jsonl', 'guarded.ts'], /there is no recording/],
    [
      'a server that is built already',
      ['replay', 'traffic.jsonl', 'server.ts'],
      /exports a server that is built already/,
    ],
  ])('says in one line what is wrong with %s', async (_what, args, complaint) => {
    const { status, stdout, stderr } = await rxsshd(args);

    expect([stdout.toString(), status]).toEqual(['', 1]);
    expect(stderr).toMatch(complaint);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});
