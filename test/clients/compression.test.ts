import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clientFixture } from '../support/client-fixture.js';
import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { PythonClient } from '../support/python-client.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const MIB = 1024 * 1024;
const SETTINGS = { COMPRESSION: '1' };
const ZLIB = 'zlib@openssh.com';

/** Hexadecimal digits: they compress to half of their size, and no two of them are alike for long. */
const data = Buffer.from(randomBytes(8 * MIB).toString('hex'));

const openssh = requires(['ssh', 'ssh-keygen']);

describe.skipIf(openssh.missing.length > 0)(openssh.title('OpenSSH, compression'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: openssh.path('ssh-keygen'), settings: SETTINGS });
    const { server, keys, environment: env } = site;
    ssh = new OpenSshClient({ program: openssh.path('ssh'), server, key: keys.ed25519, env });
  });

  afterAll(() => site.close());

  const exchanges = (stderr: string): number => stderr.match(/SSH2_MSG_NEWKEYS received/gu)?.length ?? 0;
  /** Bytes behind compression, of which `ssh -v` keeps count at its end: sent, received. */
  const transferred = (stderr: string): readonly number[] => {
    const line = /Transferred: sent (\d+), received (\d+) bytes/u.exec(stderr);
    return [Number(line?.[1]), Number(line?.[2])];
  };

  it('ssh does not compress unless it is told to', async () => {
    const { status, stderr } = await ssh.run('true', { settings: ['LogLevel=DEBUG1'] });

    expect(status).toBe(0);
    expect(stderr).toContain('compression: none');
    expect(stderr).not.toContain('Enabling compression');
  });

  it('ssh -C gets 16 MiB back as it sent them, in half as many bytes', async () => {
    const { status, stdout, stderr } = await ssh.run('cat', {
      flags: ['-C'],
      settings: ['LogLevel=DEBUG1'],
      input: data,
    });

    expect(status).toBe(0);
    expect(digest(stdout)).toBe(digest(data));
    expect(stderr.match(/compression: zlib@openssh\.com/gu)).toHaveLength(2);
    for (const bytes of transferred(stderr)) expect(bytes).toBeLessThan(0.65 * data.length);
  });

  it.each(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes256-ctr'])(
    'ssh -C renews its keys each MiB while 16 MiB go each way, under %s',
    async (cipher) => {
      const { status, stdout, stderr } = await ssh.run('cat', {
        flags: ['-C'],
        settings: ['RekeyLimit=1M', `Ciphers=${cipher}`, 'LogLevel=DEBUG1'],
        input: data,
      });

      expect(status).toBe(0);
      expect(digest(stdout)).toBe(digest(data));
      expect(exchanges(stderr)).toBeGreaterThanOrEqual(5);
    },
  );

  it('ssh -C sends and receives one way alone', async () => {
    expect(await ssh.run('sink', { flags: ['-C'], input: data })).toMatchObject({ status: 0, stderr: '' });

    const { status, stdout } = await ssh.run(`source ${String(64 * MIB)}`, { flags: ['-C'] });
    expect(status).toBe(0);
    expect(stdout.length).toBe(64 * MIB);
  });

  it('ssh -C that is killed in the middle of its traffic leaves the server as it was', async () => {
    for (const command of ['source 4294967296', 'cat']) {
      const client = ssh.startUnread(command, { flags: ['-C'], input: data, keepInputOpen: true });
      await new Promise((resolve) => client.stdout.once('readable', resolve));
      client.kill('SIGKILL');
      await client.finished;
    }

    expect(await ssh.run('whoami', { flags: ['-C'] })).toMatchObject({ status: 0 });
  });

  it('one ssh -C that takes all it can get does not keep another from its answers', async () => {
    const greedy = ssh.startUnread('source 4294967296', { flags: ['-C'] });
    greedy.stdout.resume();
    await new Promise((resolve) => greedy.stdout.once('data', resolve));
    for (let count = 0; count < 5; count += 1) {
      expect(await ssh.run('whoami')).toMatchObject({ status: 0, stdout: Buffer.from('demo\n') });
    }
    greedy.kill('SIGKILL');
    await greedy.finished;
  });
});

describe.skipIf(openssh.missing.length > 0)(openssh.title('OpenSSH, compression, keys renewed by the server'), () => {
  let site: ClientSite;

  beforeAll(async () => {
    const settings = { ...SETTINGS, REKEY_BYTES: String(MIB) };
    site = await ClientSite.open({ keygen: openssh.path('ssh-keygen'), settings });
  });

  afterAll(() => site.close());

  it('ssh -C gets 16 MiB back as it sent them', async () => {
    const { server, keys, environment: env } = site;
    const ssh = new OpenSshClient({ program: openssh.path('ssh'), server, key: keys.ed25519, env });
    const { status, stdout, stderr } = await ssh.run('cat', {
      flags: ['-C'],
      settings: ['LogLevel=DEBUG1'],
      input: data,
    });

    expect(status).toBe(0);
    expect(digest(stdout)).toBe(digest(data));
    expect(stderr.match(/SSH2_MSG_NEWKEYS received/gu)?.length).toBeGreaterThanOrEqual(5);
  });
});

const putty = requires(['plink', 'ssh-keygen', 'ssh-keyscan']);

describe.skipIf(putty.missing.length > 0)(putty.title('PuTTY, compression'), () => {
  let site: ClientSite;

  beforeAll(async () => {
    // PuTTY has no command for it, so the server renews the keys.
    const settings = { ...SETTINGS, REKEY_BYTES: String(MIB) };
    site = await ClientSite.open({ keygen: putty.path('ssh-keygen'), settings });
  });

  afterAll(() => site.close());

  it('plink -C gets 6 MiB back as it sent them, while the server renews the keys', async () => {
    const { host, port } = site.server;
    const scan = await runProgram(putty.path('ssh-keyscan'), ['-t', 'ed25519', '-p', String(port), host]);
    const list = await runProgram(putty.path('ssh-keygen'), ['-lf', '-'], { input: scan.stdout });
    const fingerprint = /SHA256:\S+/u.exec(list.stdout.toString())?.[0] ?? '';
    const input = data.subarray(0, 6 * MIB);
    const target = ['-batch', '-ssh', '-v', '-C', '-P', String(port), '-l', 'demo', '-pw', 'demo'];
    const { status, stdout, stderr } = await runProgram(
      putty.path('plink'),
      [...target, '-hostkey', fingerprint, host, 'cat'],
      { input, env: site.environment },
    );

    expect(status).toBe(0);
    expect(digest(stdout)).toBe(digest(input));
    expect(stderr).toMatch(/zlib/iu);
    expect(stderr.match(/Remote side initiated key re-exchange/gu)?.length).toBeGreaterThanOrEqual(2);
  });
});

describe.each([
  { name: 'Paramiko', module: 'paramiko', script: 'paramiko_client.py' },
  { name: 'AsyncSSH', module: 'asyncssh', script: 'asyncssh_client.py' },
])('$name', ({ name, module, script }) => {
  const programs = requires(['ssh-keygen'], { pythonModules: [module] });

  describe.skipIf(programs.missing.length > 0)(programs.title(`${name}, compression`), () => {
    let site: ClientSite;

    beforeAll(async () => {
      site = await ClientSite.open({ keygen: programs.path('ssh-keygen'), settings: SETTINGS });
    });

    afterAll(() => site.close());

    it(`${name} compresses both ways across its key exchanges`, async () => {
      const { server, keys, environment: env } = site;
      const python = programs.path('python3');
      const client = new PythonClient({ python, script: clientFixture(script), server, key: keys.ed25519, env });
      const result = await client.run('compressed');

      expect(result).toMatchObject({ same: true, status: 0 });
      expect([result].flatMap((it) => (it as { readonly compression: string | string[] }).compression)).toContain(ZLIB);
      expect((result as { readonly exchanges: number }).exchanges).toBeGreaterThanOrEqual(4);
    });
  });
});
