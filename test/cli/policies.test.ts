import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { type FinishedProgram, runProgram } from '../support/running-program.js';

const root = path.resolve(import.meta.dirname, '../..');
const fixtures = path.join(import.meta.dirname, 'fixtures');
const builtMain = path.join(root, 'dist/cli/main.js');

/** Runs the command from its source. Fixtures find the package where its name leads by tsconfig.json. */
const rxsshd = (...args: string[]): Promise<FinishedProgram> =>
  runProgram(process.execPath, ['--import', 'tsx', path.join(root, 'src/cli/main.ts'), ...args], { cwd: fixtures });

const TABLE = [
  'ConnectionRequest',
  '  1  limit         rxsshd/admission',
  '  2  route         rxsshd/default',
  '',
  'SSHServiceRequest',
  '  1  route         rxsshd/default',
  '',
  'SSHUserAuthRequest',
  '  1  limit         Desk.slowDown',
  '  2  authenticate  Desk.signIn',
  '',
  'SSHChannelOpenRequest',
  '  1  route         rxsshd/default',
  '',
  'SSHChannelRequest',
  '  1  route         rxsshd/router',
  '  2  route         rxsshd/default',
  '',
  'SSHGlobalRequest',
  '  1  route         rxsshd/default',
  '',
].join('\n');

// Each starts a process and a compiler, which takes seconds on a busy machine.
describe('rxsshd policies', { timeout: 60_000 }, () => {
  it.each(['options.ts', './promise.ts', 'function.ts', 'server.ts', path.join(fixtures, 'later-server.ts')])(
    'prints the chains of the server in %s and ends by itself',
    async (module) => {
      const { status, stdout, stderr } = await rxsshd('policies', module);

      expect([stderr, status]).toEqual(['', 0]);
      expect(stdout.toString()).toBe(TABLE);
    },
  );

  it('prints JSON for machines', async () => {
    const { status, stdout } = await rxsshd('policies', '--json', 'options.ts');

    expect(status).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      SSHUserAuthRequest: [
        { order: 1, phase: 'limit', source: 'Desk.slowDown' },
        { order: 2, phase: 'authenticate', source: 'Desk.signIn' },
      ],
      SSHGlobalRequest: [{ order: 1, phase: 'route', source: 'rxsshd/default' }],
    });
  });

  it('passes on what the server warns of, beside the output', async () => {
    const { status, stdout, stderr } = await rxsshd('policies', 'refuses-everybody.ts');

    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: no policy decides SSHUserAuthRequest/);
    expect(stdout.toString()).toContain('SSHUserAuthRequest\n  no policy: every request is denied\n');
  });

  it.each([
    ['absent.ts', 'rxsshd: cannot load absent.ts: there is no such file\n'],
    ['.', 'rxsshd: cannot load .: it is a folder; name the file\n'],
    ['throws.ts', 'rxsshd: cannot load throws.ts: the database is not there\n'],
    [
      'no-host-key.ts',
      'rxsshd: the server of no-host-key.ts cannot be built: ' +
        'createServer: hostKeys: a server needs at least one; make one with loadOrCreateHostKey(path)\n',
    ],
    [
      'nothing.ts',
      'rxsshd: nothing.ts has no server. Export what createServer takes, or a server, or a promise of either, ' +
        'or a function that returns one of these, as default or as "server"\n',
    ],
  ])('says in one line what is wrong with %s, and exits with 1', async (module, complaint) => {
    const { status, stdout, stderr } = await rxsshd('policies', module);

    expect([stdout.toString(), stderr, status]).toEqual(['', complaint, 1]);
  });
});

describe('rxsshd', { timeout: 60_000 }, () => {
  it('tells how it is used', async () => {
    const { status, stdout, stderr } = await rxsshd('--help');

    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout.toString()).toMatch(
      /^Usage: rxsshd policies <module> \[--json\]\n +rxsshd replay <recording> <module>/,
    );
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };

    const { status, stdout } = await rxsshd('--version');

    expect([stdout.toString(), status]).toEqual([`${version}\n`, 0]);
  });

  it('exits with 2 for a command line that makes no sense', async () => {
    const { status, stdout, stderr } = await rxsshd('polices');

    expect([stdout.toString(), stderr, status]).toEqual([
      '',
      'rxsshd: there is no command "polices"; rxsshd --help tells more\n',
      2,
    ]);
  });
});

describe.skipIf(!existsSync(builtMain))('rxsshd as it is built (skipped without dist)', { timeout: 60_000 }, () => {
  const built = (...args: string[]): Promise<FinishedProgram> =>
    runProgram(process.execPath, [builtMain, ...args], { cwd: fixtures });

  it('reads a CommonJS module that finds the package by its name', async () => {
    const { status, stdout, stderr } = await built('policies', 'common.cjs');

    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout.toString()).toContain('SSHUserAuthRequest\n  1  authenticate  Desk.signIn\n');
  });

  it('says what a module in TypeScript needs, unless this Node.js reads it', async () => {
    const { status, stderr } = await built('policies', 'nothing.ts');

    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^rxsshd: (cannot load nothing\.ts: this Node\.js cannot read it as it is\. For TypeScript set NODE_OPTIONS='--import tsx'|nothing\.ts has no server\. .*)\n$/,
    );
  });
});
