import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { KeyKind } from '../support/client-keys.js';
import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { requires } from '../support/requires.js';
import { type ProgramOptions, runProgram } from '../support/running-program.js';

const programs = requires(['plink', 'puttygen', 'ssh-keygen', 'ssh-keyscan']);
const MIB = 1024 * 1024;

describe.skipIf(programs.missing.length > 0)(programs.title('PuTTY'), () => {
  let site: ClientSite;
  let fingerprint: string;

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen') });
    const { host, port } = site.server;
    const scan = await runProgram(programs.path('ssh-keyscan'), ['-t', 'ed25519', '-p', String(port), host]);
    const list = await runProgram(programs.path('ssh-keygen'), ['-lf', '-'], { input: scan.stdout });
    fingerprint = /SHA256:\S+/u.exec(list.stdout.toString())?.[0] ?? '';
  });

  afterAll(() => site.close());

  interface Call extends ProgramOptions {
    readonly flags?: readonly string[];
    readonly hostKey?: string;
  }

  function plink(command: string, { flags = ['-pw', 'demo'], hostKey = fingerprint, ...options }: Call = {}) {
    const { host, port } = site.server;
    const target = ['-batch', '-ssh', '-P', String(port), '-l', 'demo', '-hostkey', hostKey];
    return runProgram(programs.path('plink'), [...target, ...flags, host, command], {
      ...options,
      env: site.environment,
    });
  }

  it('plink signs in with the password to the host it knows by fingerprint', async () => {
    const { status, stdout, stderr } = await plink('whoami');

    expect({ status, stdout: stdout.toString(), stderr }).toEqual({ status: 0, stdout: 'demo\n', stderr: '' });
  });

  it.each([0, 7, 255])('plink returns exit status %i', async (status) => {
    expect(await plink(`exit ${String(status)}`)).toMatchObject({ status });
  });

  it('plink returns 128 for a program that was killed by a signal', async () => {
    expect(await plink('signal TERM')).toMatchObject({ status: 128 });
  });

  it('plink is refused with a wrong password', async () => {
    const { status, stdout, stderr } = await plink('whoami', { flags: ['-pw', 'wrong'] });

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('Access denied');
  });

  it('plink leaves at once if the host has another key', async () => {
    const { status, stderr } = await plink('whoami', { hostKey: `SHA256:${'A'.repeat(43)}` });

    expect(status).toBe(1);
    expect(stderr).toContain('Host key not in manually configured list');
  });

  it.each<KeyKind>(['ed25519', 'ecdsa256', 'ecdsa384', 'ecdsa521', 'rsa'])(
    'plink signs in with an authorised %s key that puttygen converted',
    async (kind) => {
      const key = site.path(`${kind}.ppk`);
      await runProgram(programs.path('puttygen'), [site.keys[kind], '-O', 'private', '-o', key]);
      const { status, stdout } = await plink('whoami', { flags: ['-noagent', '-i', key] });

      expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
    },
  );

  it('plink gets 6 MiB back through cat as it sent them', async () => {
    const input = randomBytes(6 * MIB);
    const { status, stdout } = await plink('cat', { input });

    expect(status).toBe(0);
    expect(digest(stdout)).toBe(digest(input));
  });

  it('plink gets a terminal with -t, and none without', async () => {
    const withTerminal = await plink('tty', { flags: ['-pw', 'demo', '-t'], input: '\u0004' });
    expect(withTerminal).toMatchObject({ status: 0 });
    expect(withTerminal.stdout.toString()).toMatch(/^xterm\r\n\d+x\d+\r\n/u);

    expect(await plink('tty', { flags: ['-pw', 'demo', '-T'] })).toMatchObject({ status: 1, stderr: 'not a tty\n' });
  });

  it('plink runs a shell from the lines of its input', async () => {
    const { host, port } = site.server;
    const args = [
      '-batch',
      '-ssh',
      '-P',
      String(port),
      '-l',
      'demo',
      '-hostkey',
      fingerprint,
      '-pw',
      'demo',
      '-T',
      host,
    ];
    const { status, stdout } = await runProgram(programs.path('plink'), args, {
      input: 'whoami\nexit 3\n',
      env: site.environment,
    });

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 3, stdout: 'demo\n' });
  });
});
