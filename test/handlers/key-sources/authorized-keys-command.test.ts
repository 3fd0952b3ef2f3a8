import { readFileSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { asyncScheduler, firstValueFrom, Observable, of } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import {
  authorizedKeysCommand,
  type AuthorizedKeysCommandOptions,
} from '../../../src/handlers/key-sources/authorized-keys-command.js';
import { grantPublicKey } from '../../../src/handlers/policies/authentication/grant-public-key.js';
import { DenyReason } from '../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../src/streams/events/ssh-user-auth-request.js';
import { consider } from '../../../src/streams/verdict.js';
import { policyContext } from '../../../src/testing/index.js';
import { makeCertificate, makeWireKey } from '../../support/certificates.js';
import { requires } from '../../support/requires.js';
import { disconnectedEvent } from '../policies/decisions.js';
import { authKeyOf, keyOf, lineOf } from '../policies/keys.js';
import { optionError } from '../policies/policy-laws.js';
import { proven } from '../policies/requests.js';
import { virtualTime } from '../policies/virtual-time.js';
import { temporaryFolder } from './temporary-folder.js';

const programs = requires(['sh', 'sleep']);
const key = keyOf(1);
type Options = Omit<AuthorizedKeysCommandOptions, 'command'>;

describe.skipIf(programs.missing.length > 0)(programs.title('authorizedKeysCommand'), () => {
  let folder: string;
  let script: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    script = path.join(folder, 'keys-of');
    await writeFile(path.join(folder, 'keys'), lineOf(key));
  });

  /** Writes the program. Where it runs is the folder of the system, so paths in it are whole. */
  async function program(...lines: readonly string[]): Promise<string> {
    await writeFile(script, `#!/bin/sh\nhere=${folder}\n${lines.join('\n')}\n`, { mode: 0o700 });
    return script;
  }

  const command = (args: readonly string[] = [], options: Options = {}) =>
    authorizedKeysCommand({ command: [script, ...args], ...options });

  /** Asks for a sign-in of `user`. @returns the outcome, and what the errors say that the server was told of */
  async function signIn(keysOf: ReturnType<typeof authorizedKeysCommand>, user = 'ann', shown = key) {
    const context = policyContext();
    const verdict$ = of(consider<SSHUserAuthRequest>(proven(shown, user), context));
    const verdict = await firstValueFrom(verdict$.pipe(grantPublicKey(keysOf)));
    const errors = context.reports.map((report) => (report.type === 'failure' ? report.cause : report));
    return { outcome: verdict.state === 'open' ? verdict.declined?.reason : verdict.state, errors };
  }

  const accepted = { outcome: 'granted', errors: [] };
  const unknown = { outcome: DenyReason.KeyNotAccepted, errors: [] };
  const failed = (why: string) => ({
    outcome: DenyReason.PolicyFailed,
    errors: [
      expect.objectContaining({
        code: 'ERR_SSH_KEY',
        message: `authorizedKeysCommand: ${script} gives no keys, since ${why}`,
      }) as unknown,
    ],
  });

  it('takes the keys that a program writes', async () => {
    await program('cat $here/keys');
    expect(await signIn(command())).toEqual(accepted);
    expect(await signIn(command(), 'ann', keyOf(2))).toEqual(unknown);
    await program('true');
    expect(await signIn(command())).toEqual(unknown);
  });

  it('hands over user, key, type and fingerprint, each as one argument, with nothing to be expanded', async () => {
    await program('printf "%s\\n" "$@" > $here/arguments');
    await signIn(command(['--user=%u', '%k', '%t', '%f', '100%%', '$(id)']), "a b; touch '$HOME' %k");
    expect((await readFile(path.join(folder, 'arguments'), 'utf8')).split('\n')).toEqual([
      "--user=a b; touch '$HOME' %k",
      Buffer.from(key.blob).toString('base64'),
      'ssh-ed25519',
      key.fingerprint,
      '100%',
      '$(id)',
      '',
    ]);
  });

  it('hands over a certificate as it is, with the fingerprint of its key', async () => {
    await program('printf "%s\\n" "$@" > $here/arguments');
    const user = makeWireKey();
    const blob = makeCertificate({ key: user.blob, authority: makeWireKey() });
    await signIn(command(['%k', '%t', '%f']), 'ann', authKeyOf(blob));
    expect((await readFile(path.join(folder, 'arguments'), 'utf8')).split('\n')).toEqual([
      blob.toString('base64'),
      'ssh-ed25519-cert-v01@openssh.com',
      authKeyOf(user.blob).fingerprint,
      '',
    ]);
  });

  it('gives a program no variables but a path and those it was given, no input, and the folder of the system', async () => {
    await program('env > $here/env', 'pwd >> $here/env', 'cat >> $here/env');
    await signIn(command([], { environment: { DIRECTORY: 'ldap://127.0.0.1' } }));
    const variables = (await readFile(path.join(folder, 'env'), 'utf8')).trim().split('\n');
    // The shell adds some of its own.
    expect(variables.filter((line) => !/^(?:PWD|OLDPWD|SHLVL|_)=/.test(line))).toEqual([
      expect.stringMatching(/^(?:DIRECTORY|PATH)=/) as string,
      expect.stringMatching(/^(?:DIRECTORY|PATH)=/) as string,
      '/',
    ]);
    await signIn(command([], { environment: { PATH: '/usr/bin:/bin' } }));
    expect(await readFile(path.join(folder, 'env'), 'utf8')).toContain('PATH=/usr/bin:/bin\n');
  });

  it('has no keys of a program that fails, is ended, or is none, and says so', async () => {
    await program('cat $here/keys', 'echo secret >&2', 'exit 3');
    expect(await signIn(command())).toEqual(failed(`${script} ended with status 3`));
    await program('cat $here/keys', 'kill -TERM $$');
    expect(await signIn(command())).toEqual(failed(`${script} was ended by SIGTERM`));
    await writeFile(script, '#!/no/such/interpreter\n');
    expect(await signIn(command())).toEqual(failed(`${script} cannot be run`));
    await chmod(script, 0o600);
    expect(await signIn(command())).toEqual(failed(`${script} cannot be run`));
    script = path.join(folder, 'none');
    const { outcome, errors } = await signIn(command());
    expect(outcome).toBe(DenyReason.PolicyFailed);
    expect(errors).toMatchObject([{ code: 'ERR_SSH_KEY', cause: { code: 'ENOENT' } }]);
  });

  it('ends a program that writes too much', async () => {
    await program('while :; do cat $here/keys; done');
    expect(await signIn(command([], { maxBytes: 10_000 }))).toEqual(failed(`${script} wrote more than 10000 bytes`));
  });

  it('ends a program that takes too long, with what it has started', async () => {
    // The child holds the output open, and tells when it has begun by way of the file system.
    await program(`sh -c 'echo $$ > ${folder}/child; exec sleep 1000' &`, 'cat $here/keys', 'wait');
    const child = path.join(folder, 'child');
    const time = virtualTime();
    const asked = signIn(command([], { timeoutMs: 500, clock: time.clock }));
    const pid = await until(async () => Number(await readFile(child, 'utf8').catch(() => '')));
    time.advance(499);
    expect(isAlive(pid)).toBe(true);
    time.advance(1);
    expect(await asked).toEqual(failed(`${script} took longer than 500 ms`));
    await until(() => !isAlive(pid));
  });

  it('ends the program when nobody waits for its answer any more', async () => {
    await program('echo $$ > $here/own', 'exec sleep 1000');
    const answer = command()('ann', { ...proven(key) });
    if (!(answer instanceof Observable)) throw new Error('the answer cannot be waited for');
    const subscription = answer.subscribe();
    const pid = await until(async () => Number(await readFile(path.join(folder, 'own'), 'utf8').catch(() => '')));
    subscription.unsubscribe();
    await until(() => !isAlive(pid));
  });

  it('ends the program when the client goes that wants to sign in', async () => {
    await program('echo $$ > $here/own', 'exec sleep 1000');
    const context = policyContext();
    const request = proven(key);
    const verdict$ = of(consider<SSHUserAuthRequest>(request, context));
    const decided = firstValueFrom(verdict$.pipe(grantPublicKey(command())));
    const pid = await until(async () => Number(await readFile(path.join(folder, 'own'), 'utf8').catch(() => '')));
    context.emit(disconnectedEvent(request.connection));
    expect(await decided).toMatchObject({ state: 'denied', reason: DenyReason.NotPermitted });
    await until(() => !isAlive(pid));
    expect(context.reports).toEqual([]);
  });

  it('runs a few at a time, and turns away those for whom there is no room', async () => {
    await program('echo x >> $here/begun', 'until test -e $here/go; do sleep 0.01; done', 'cat $here/keys');
    const keysOf = command([], { maxRunning: 2, maxWaiting: 1 });
    const asked = Array.from({ length: 4 }, () => signIn(keysOf));
    expect(await asked[3]).toEqual({
      outcome: DenyReason.LimitReached,
      errors: [
        expect.objectContaining({
          code: 'ERR_SSH_BUSY',
          message: `authorizedKeysCommand: ${script} gives no keys, since 1 wait already`,
        }),
      ],
    });
    const begun = () => readFile(path.join(folder, 'begun'), 'utf8').catch(() => '');
    await until(async () => (await begun()).length === 4);
    await writeFile(path.join(folder, 'go'), '');
    expect(await Promise.all(asked.slice(0, 3))).toEqual([accepted, accepted, accepted]);
    expect(await begun()).toBe('x\nx\nx\n');
  });

  it('is not run for a name that would be read as an option, or that no command line can hold', async () => {
    await program('echo x >> $here/begun', 'cat $here/keys');
    for (const user of ['-x', '--help', '-', 'a\0b', '\udc80', 'x'.repeat(256)]) {
      expect(await signIn(command(['%u']), user)).toEqual(unknown);
    }
    await expect(readFile(path.join(folder, 'begun'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await signIn(command(['--user=%u']), '-x')).toEqual(accepted);
    expect(await signIn(command(['--', 'u:%u']), '-x')).toEqual(accepted);
  });

  it.skipIf(process.platform === 'win32')('does not run what others could have written', async () => {
    await program('cat $here/keys');
    await chmod(script, 0o722);
    expect(await signIn(command())).toEqual(failed(`${script} is writable by its group or by everybody`));
    expect(await signIn(command([], { strictModes: false }))).toEqual(accepted);
  });

  it.skipIf(process.geteuid?.() !== 0)('runs as the user it was told (root)', async () => {
    await program('id -u; id -g; id -G');
    await chmod(folder, 0o755);
    await chmod(script, 0o755);
    const answer = command([], { runAs: { uid: 65_534, gid: 65_534 } })('ann', proven(key));
    if (!(answer instanceof Observable)) throw new Error('the answer cannot be waited for');
    // What is no key is told of with its line, and not with its content.
    expect(await firstValueFrom(answer)).toMatchObject({
      entries: [],
      problems: [{ line: 1 }, { line: 2 }, { line: 3 }],
    });
    await program(`test "$(id -u) $(id -G)" = "65534 65534" && printf '%s' '${lineOf(key)}'`);
    await chmod(script, 0o755);
    expect(await signIn(command([], { runAs: { uid: 65_534, gid: 65_534 } }))).toEqual(accepted);
  });
});

it.each<[unknown, string]>([
  [null, 'options must be an object, got null'],
  [{ command: [] }, 'command must be an array of one or more names, got []'],
  [{ command: 'keys-of' }, "command must be an array of one or more names, got 'keys-of'"],
  [{ command: ['keys-of'] }, "command must begin with the absolute path of a program, got [ 'keys-of' ]"],
  [{ command: ['/k', '%h'] }, "command has the token %h; those to be had are %u, %k, %t, %f, %%, got [ '/k', '%h' ]"],
  [{ command: ['/k'], timeoutMs: 0 }, 'timeoutMs must be a finite number of milliseconds above 0, got 0'],
  [{ command: ['/k'], maxBytes: 0 }, 'maxBytes must be an integer of at least 1, got 0'],
  [{ command: ['/k'], maxRunning: 0 }, 'maxRunning must be an integer of at least 1, got 0'],
  [{ command: ['/k'], maxWaiting: 0 }, 'maxWaiting must be an integer of at least 1, got 0'],
  [{ command: ['/k'], strictModes: 1 }, 'strictModes must be true or false, got 1'],
  [{ command: ['/k'], environment: 'A=b' }, "environment must be an object, got 'A=b'"],
  [{ command: ['/k'], runAs: { uid: 1 } }, 'runAs must have the numbers uid and gid, got { uid: 1 }'],
  [{ command: ['/k'], clock: {} }, 'clock must be a Clock, got {}'],
])('authorizedKeysCommand refuses %j', (options, message) => {
  // JavaScript may bring anything.
  expect(() => authorizedKeysCommand(options as AuthorizedKeysCommandOptions)).toThrow(
    optionError(`authorizedKeysCommand: ${message}`),
  );
});

/** Waits for what a process does on its own: nothing tells of it. The test's own deadline ends it. */
function until<T>(look: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const again = (): void => {
      Promise.resolve(look()).then((found) => {
        if (found !== false && found !== 0 && !Number.isNaN(found)) resolve(found);
        else asyncScheduler.schedule(again, 5);
      }, reject);
    };
    again();
  });
}

/** Whether a process runs. One that was ended may wait long for whoever started it to ask. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) [ZX]/.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
