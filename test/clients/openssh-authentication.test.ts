import { readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type KeyKind, makeKey } from '../support/client-keys.js';
import { ClientSite } from '../support/client-site.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh', 'ssh-keygen', 'sshpass']);

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, authentication'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen') });
    ssh = new OpenSshClient({ program: programs.path('ssh'), server: site.server, env: site.environment });
  });

  afterAll(() => site.close());

  const withPassword = (password: string) => ssh.runWithPassword(programs.path('sshpass'), password, 'whoami');

  it.each<KeyKind>(['ed25519', 'ecdsa256', 'ecdsa384', 'ecdsa521', 'rsa'])(
    'ssh signs in with an authorised %s key',
    async (kind) => {
      const { status, stdout, stderr } = await ssh.run('whoami', { key: site.keys[kind] });

      expect({ status, stdout: stdout.toString(), stderr }).toEqual({ status: 0, stdout: 'demo\n', stderr: '' });
    },
  );

  it('ssh signs in with a key that was added while the server runs, and no more once it is gone', async () => {
    const key = await makeKey(programs.path('ssh-keygen'), 'ed25519', site.path('added'));
    const listed = await readFile(site.keys.authorizedKeys, 'utf8');
    expect((await ssh.run('whoami', { key })).status).toBe(255);

    await writeFile(site.keys.authorizedKeys, listed + (await readFile(`${key}.pub`, 'utf8')));
    expect((await ssh.run('whoami', { key })).stdout.toString()).toBe('demo\n');
    await writeFile(site.keys.authorizedKeys, listed);
    expect((await ssh.run('whoami', { key })).status).toBe(255);
  });

  it.each(['rsa-sha2-512', 'rsa-sha2-256'])('ssh signs in with an RSA key and %s alone', async (algorithm) => {
    const { status, stdout } = await ssh.run('whoami', {
      key: site.keys.rsa,
      settings: [`PubkeyAcceptedAlgorithms=${algorithm}`],
    });

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
  });

  it('ssh picks rsa-sha2-512 by itself, because EXT_INFO told it so', async () => {
    const { status, stderr } = await ssh.run('true', {
      key: site.keys.rsa,
      flags: ['-vvv'],
      settings: ['LogLevel=DEBUG3'],
    });

    expect(status).toBe(0);
    expect(stderr).toMatch(/kex_input_ext_info: server-sig-algs=<[^>]*\brsa-sha2-512,rsa-sha2-256\b[^>]*>/u);
    expect(stderr).toMatch(/signing using rsa-sha2-512 /u);
  });

  it('ssh finds no way to sign with SHA-1', async () => {
    const { status, stderr } = await ssh.run('whoami', {
      key: site.keys.rsa,
      settings: ['PubkeyAcceptedAlgorithms=ssh-rsa'],
    });

    expect(status).toBe(255);
    expect(stderr).toContain('Permission denied');
  });

  it('ssh is refused with a key that nobody authorised', async () => {
    const { status, stdout, stderr } = await ssh.run('whoami', { key: site.keys.stranger });

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 255, stdout: '' });
    expect(stderr).toMatch(/Permission denied \(.*\bpublickey\b.*\bpassword\b.*\)/u);
  });

  it('ssh gets in with its eighth key: offers do not count as failures', async () => {
    const strangers = Array.from({ length: 7 }, (_, index) => site.path(`stranger-${String(index)}`));
    await Promise.all(strangers.map((file) => makeKey(programs.path('ssh-keygen'), 'ed25519', file)));

    const { status, stdout } = await ssh.run('whoami', {
      key: null,
      flags: [...strangers, site.keys.ed25519].flatMap((file) => ['-i', file]),
    });

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
  });

  it('ssh is refused when it offers no method', async () => {
    const { status, stderr } = await ssh.run('whoami', { settings: ['PreferredAuthentications=none'] });

    expect(status).toBe(255);
    expect(stderr).toContain('Permission denied');
  });

  it('ssh signs in with the password', async () => {
    const { status, stdout } = await withPassword('demo');

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
  });

  it.each(['Demo', 'demo ', 'x'.repeat(1000)])('ssh is refused with the wrong password %j', async (password) => {
    const { status, stdout, stderr } = await withPassword(password);

    expect(stdout.toString()).toBe('');
    expect(stderr).toContain('Permission denied');
    // What sshpass makes of ssh's 255 differs between its versions; neither says success.
    expect(status).not.toBe(0);
  });

  /** Has ssh ask a program, which answers every question alike and keeps what it was asked. */
  async function withAnswers(answer: string, key: string | null, settings: readonly string[] = []) {
    const [script, asked] = [site.path('askpass'), site.path('asked')];
    await writeFile(asked, '');
    await writeFile(script, `#!/bin/sh\nprintf '%s\\n' "$1" >> '${asked}'\nprintf '%s\\n' '${answer}'\n`, {
      mode: 0o700,
    });
    const { status, stdout, stderr } = await ssh.run('whoami', {
      key,
      flags: ['-l', 'mfa'],
      settings: [...settings, 'BatchMode=no', 'NumberOfPasswordPrompts=1', 'LogLevel=VERBOSE'],
      env: { SSH_ASKPASS: script, SSH_ASKPASS_REQUIRE: 'force' },
    });
    return { status, stdout: stdout.toString(), stderr, asked: await readFile(asked, 'utf8') };
  }

  it('ssh signs in as a user of two steps with the password and the answer behind it', async () => {
    const { status, stdout, stderr, asked } = await withAnswers('mfa', null);

    expect({ status, stdout }).toEqual({ status: 0, stdout: 'mfa\n' });
    expect(asked).toMatch(/^mfa@[\d.]+'s password: \n\(mfa@[\d.]+\) The second step of mfa: \n$/u);
    expect(stderr).toContain('Authenticated using "password" with partial success.');
  });

  it('ssh signs in as a user of two steps with a key and the answer behind it', async () => {
    const { status, stdout, stderr, asked } = await withAnswers('mfa', site.keys.ed25519);

    expect({ status, stdout }).toEqual({ status: 0, stdout: 'mfa\n' });
    expect(asked).toMatch(/^\(mfa@[\d.]+\) The second step of mfa: \n$/u);
    expect(stderr).toMatch(/Authenticated using "publickey" with partial success\.[^]*using "keyboard-interactive"/u);
  });

  it.each([
    [
      'the wrong answer behind its key',
      'nonsense',
      'ed25519',
      [],
      /Permission denied \(password,keyboard-interactive\)/u,
    ],
    [
      'a key alone',
      'mfa',
      'ed25519',
      ['KbdInteractiveAuthentication=no'],
      /partial success[^]*Permission denied \(keyboard-interactive\)/u,
    ],
    [
      'the answer alone',
      'mfa',
      undefined,
      ['PreferredAuthentications=keyboard-interactive'],
      /Permission denied \(publickey,password\)/u,
    ],
    ['the wrong password', 'nonsense', undefined, [], /Permission denied \(publickey,password\)/u],
  ] as const)('ssh is refused as a user of two steps with %s', async (_what, answer, kind, settings, reason) => {
    const { status, stdout, stderr } = await withAnswers(answer, kind === undefined ? null : site.keys[kind], settings);

    expect({ status, stdout }).toEqual({ status: 255, stdout: '' });
    expect(stderr).toMatch(reason);
  });

  it('ssh is refused as a user who does not exist, with the password of one who does', async () => {
    const call = { settings: ['User=nobody-here'], flags: ['-l', 'nobody-here'] };
    const { status, stderr } = await ssh.runWithPassword(programs.path('sshpass'), 'demo', 'whoami', call);

    expect(status).not.toBe(0);
    expect(stderr).toContain('Permission denied');
  });
});
