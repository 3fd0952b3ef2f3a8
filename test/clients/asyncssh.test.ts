import { spawnSync } from 'node:child_process';

import { ALGORITHM_PRESETS } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clientFixture } from '../support/client-fixture.js';
import { ClientSite } from '../support/client-site.js';
import { PythonClient } from '../support/python-client.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh-keygen'], { pythonModules: ['asyncssh'] });
const script = clientFixture('asyncssh_client.py');

const { keyExchange, hostKeys, ciphers, macs } = ALGORITHM_PRESETS.compatible;

/** What is on offer, by the names that AsyncSSH gives to the kinds of algorithms. */
const OFFER: Readonly<Record<string, readonly string[]>> = {
  kex: keyExchange,
  encryption: ciphers,
  mac: macs,
  server_host_key: hostKeys,
};

/** What the installed version has. Whatever it does not have yet is skipped, by the name of its test. */
const known = programs.missing.length > 0 ? {} : knownAlgorithms(programs.path('python3'));

function knownAlgorithms(python: string): Readonly<Record<string, readonly string[]>> {
  const { stdout } = spawnSync(python, ['-W', 'ignore', script, 'known', '', '0', ''], { encoding: 'utf8' });
  // The script prints lists by the same names as above.
  return JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>;
}

describe.skipIf(programs.missing.length > 0)(programs.title('AsyncSSH'), () => {
  let site: ClientSite;
  let asyncssh: PythonClient;

  beforeAll(async () => {
    site = await ClientSite.open({
      keygen: programs.path('ssh-keygen'),
      hostKeys: ['ecdsa256', 'ecdsa384', 'ecdsa521', 'rsa'],
      settings: { ACCEPT_ENV: 'QA_*', ALGORITHMS: 'compatible', REKEY_BYTES: String(4 * 1024 * 1024) },
    });
    asyncssh = new PythonClient({
      python: programs.path('python3'),
      script,
      server: site.server,
      key: site.keys.ed25519,
      env: site.environment,
    });
  });

  afterAll(() => site.close());

  it('AsyncSSH runs commands one after another on one connection and learns how each ended', async () => {
    expect(await asyncssh.run('execute')).toEqual([
      { stdout: 'demo\n', status: 0, signal: null },
      { stdout: '', status: 7, signal: null },
      { stdout: '', status: -1, signal: 'TERM' },
      { stdout: '', status: 128 + 7, signal: null },
    ]);
  });

  it('AsyncSSH signs in with the password', async () => {
    expect(await asyncssh.run('password')).toBe('demo\n');
  });

  it('AsyncSSH is refused with a wrong password', async () => {
    expect(await asyncssh.run('refused')).toBe('PermissionDenied');
  });

  it('AsyncSSH holds forty sessions open on one connection, each with its own bytes', async () => {
    expect(await asyncssh.run('sessions')).toEqual({ same: true, statuses: Array.from({ length: 40 }, () => 0) });
  });

  it('AsyncSSH renews its keys each megabyte while 24 MiB go each way', async () => {
    const result = await asyncssh.run('rekey');

    expect(result).toMatchObject({ same: true, status: 0 });
    expect(result).toHaveProperty(
      'exchanges',
      expect.toSatisfy((count: number) => count >= 8),
    );
  });

  // AsyncSSH puts IGNORE between the packets of a key exchange.
  it('AsyncSSH goes along when the server renews the keys each 4 MiB while 48 MiB go each way', async () => {
    const result = await asyncssh.run('renewed');

    expect(result).toMatchObject({ same: true, status: 0 });
    expect(result).toHaveProperty(
      'exchanges',
      expect.toSatisfy((count: number) => count >= 8),
    );
  });

  it('AsyncSSH kills waiting commands by signal requests', async () => {
    expect(await asyncssh.run('signal')).toEqual(['TERM', 'INT', 'USR1']);
  });

  it('AsyncSSH hands over the variables that are accepted and no others', async () => {
    expect(await asyncssh.run('environment')).toBe('QA_ONE=one\nQA_TWO=zwei mit Ümlaut\n');
  });

  it('AsyncSSH has a terminal whose size changes', async () => {
    expect(await asyncssh.run('terminal')).toEqual({ lines: ['vt220', '101x33', 'VERASE=8', '132x40'], status: 0 });
  });

  for (const method of keyExchange) {
    it.skipIf(known['kex']?.includes(method) !== true)(`AsyncSSH renews its keys by ${method}`, async () => {
      const result = await asyncssh.run('renewal', method);

      expect(result).toMatchObject({ same: true, status: 0 });
      expect(result).toHaveProperty(
        'exchanges',
        expect.toSatisfy((count: number) => count >= 3),
      );
    });
  }

  for (const [kind, names] of Object.entries(OFFER)) {
    for (const name of names) {
      it.skipIf(known[kind]?.includes(name) !== true)(`AsyncSSH gets its bytes back with ${kind} ${name}`, async () => {
        expect(await asyncssh.run('algorithm', `${kind} ${name}`)).toEqual({ same: true, status: 0 });
      });
    }
  }
});
