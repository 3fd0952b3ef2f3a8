import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';

import {
  agentHostKey,
  type AlgorithmPreset,
  certifyHostKey,
  createServer,
  decide,
  exec,
  grantPublicKey,
  type HostKey,
  hostKeyFromSigner,
  loadHostKey,
} from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { type KeyKind, makeKey } from '../support/client-keys.js';
import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { OpenSshClient, type SshCall } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import { RunningProgram, runProgram } from '../support/running-program.js';

const programs = requires(['ssh', 'ssh-keygen', 'ssh-agent', 'ssh-add']);
const HOST = '127.0.0.1';

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH and host keys'), () => {
  let folder: string;
  let ca: string;
  let user: string;
  const keygen = (...args: readonly string[]) => runProgram(programs.path('ssh-keygen'), args);
  const file = (name: string): string => path.join(folder, name);
  const publicKey = (name: string): Promise<string> => readFile(`${name}.pub`, 'utf8');

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-host-keys-'));
    ca = await makeKey(programs.path('ssh-keygen'), 'ed25519', file('ca'));
    user = await makeKey(programs.path('ssh-keygen'), 'ed25519', file('user'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Makes a host key of that kind, and a certificate of it beside it. */
  async function hostKeyFile(name: string, kind: KeyKind, ...options: readonly string[]): Promise<string> {
    const key = await makeKey(programs.path('ssh-keygen'), kind, file(name));
    const { status, stderr } = await keygen('-q', '-s', ca, '-h', '-I', name, '-n', HOST, ...options, `${key}.pub`);
    if (status !== 0) throw new Error(stderr);
    return key;
  }

  /** A server with these keys, and a client of it that believes what `known` says. */
  async function open(hostKeys: readonly HostKey[], algorithms: AlgorithmPreset = 'compatible') {
    const warnings: string[] = [];
    const server = await createServer({
      hostKeys,
      algorithms,
      onWarning: (it) => warnings.push(it),
      handlers: [
        decide('SSHUserAuthRequest', grantPublicKey(await publicKey(user))),
        exec('cat', async (session) => {
          for await (const block of session.stdin) await session.write(block as Buffer);
          return 0;
        }),
      ],
    });
    onTestFinished(() => server.shutdown());
    const address = await server.listen({ host: HOST, port: 0 });
    const port = typeof address === 'string' ? 0 : address.port;
    const ssh = new OpenSshClient({ program: programs.path('ssh'), server: { host: HOST, port }, key: user, env: {} });
    const believing = async (...lines: readonly string[]): Promise<SshCall> => {
      const knownHosts = file(`known_hosts_${String(port)}`);
      await writeFile(knownHosts, lines.map((line) => line.replace('HOST', `[${HOST}]:${String(port)}`)).join('\n'));
      return {
        input: 'hello',
        settings: ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${knownHosts}`, 'LogLevel=DEBUG1'],
      };
    };
    return { ssh, believing, warnings };
  }

  const certified = async (name: string): Promise<HostKey> =>
    certifyHostKey(await loadHostKey(name), await readFile(`${name}-cert.pub`, 'utf8'));

  describe('certificates', () => {
    it.each([
      ['ed25519', 'ssh-ed25519-cert-v01@openssh.com'],
      ['ecdsa256', 'ecdsa-sha2-nistp256-cert-v01@openssh.com'],
      ['ecdsa521', 'ecdsa-sha2-nistp521-cert-v01@openssh.com'],
      ['rsa', 'rsa-sha2-512-cert-v01@openssh.com'],
    ] as const)('of a key of type %s are believed by who believes the authority', async (kind, algorithm) => {
      const name = await hostKeyFile(`certified-${kind}`, kind);
      const { ssh, believing } = await open([await certified(name)]);
      const call = await believing(`@cert-authority HOST ${await publicKey(ca)}`);

      for (const renewals of [[], ['RekeyLimit=1M']]) {
        const { status, stdout, stderr } = await ssh.run('cat', {
          ...call,
          input: Buffer.alloc(4_000_000),
          settings: [...(call.settings ?? []), ...renewals],
        });
        expect(stderr).toContain(`kex: host key algorithm: ${algorithm}`);
        expect({ status, length: stdout.length }).toEqual({ status: 0, length: 4_000_000 });
      }
    });

    it('leave the plain key to who knows that one', async () => {
      const name = await hostKeyFile('both', 'ed25519');
      const { ssh, believing } = await open([await certified(name)]);
      const call = await believing(`HOST ${await publicKey(name)}`);
      const { status, stderr } = await ssh.run('cat', call);
      const plain = await ssh.run('cat', {
        ...call,
        settings: [...(call.settings ?? []), 'HostKeyAlgorithms=ssh-ed25519'],
      });

      expect([status, plain.status]).toEqual([0, 0]);
      expect(stderr).toContain('kex: host key algorithm: ssh-ed25519-cert-v01@openssh.com');
      expect(stderr).toContain('is known and matches the ED25519 host key');
      expect(plain.stderr).toMatch(/kex: host key algorithm: ssh-ed25519\r?\n/u);
    });

    it('that a signer proves are believed as well', async () => {
      const name = await hostKeyFile('remote', 'ecdsa384');
      const local = await loadHostKey(name);
      const remote = hostKeyFromSigner({
        publicKey: await publicKey(name),
        sign: (data, algorithm) => Promise.resolve(local.sign(data, algorithm)),
      });
      const { ssh, believing } = await open([certifyHostKey(remote, await readFile(`${name}-cert.pub`, 'utf8'))]);
      const call = await believing(`@cert-authority HOST ${await publicKey(ca)}`);

      expect((await ssh.run('cat', call)).stdout.toString()).toBe('hello');
    });

    it.each([
      ['expired', '20200101:20210101', 'has expired on 202'],
      ['not yet valid', '20900101:20910101', 'is not valid before 20'],
    ])('that are %s are not shown, and the server says so', async (_, validity, warning) => {
      const name = await hostKeyFile(`time-${validity.slice(0, 8)}`, 'ed25519', '-V', validity);
      const { ssh, believing, warnings } = await open([await certified(name)]);
      const byAuthority = await ssh.run('cat', await believing(`@cert-authority HOST ${await publicKey(ca)}`));
      const byKey = await ssh.run('cat', await believing(`HOST ${await publicKey(name)}`));

      expect(byAuthority.stderr).toMatch(/kex: host key algorithm: ssh-ed25519\r?\n/u);
      expect([byAuthority.status, byKey.status]).toEqual([255, 0]);
      expect(warnings.join()).toContain(warning);
    });

    it('of users and of other keys are refused when the server is made', async () => {
      const name = await hostKeyFile('one', 'ed25519');
      const other = await hostKeyFile('other', 'ed25519');
      const key = await loadHostKey(name);
      expect(() => certifyHostKey(key, '')).toThrow('host certificate: this is no certificate');
      await expect(readFile(`${other}-cert.pub`, 'utf8').then((line) => certifyHostKey(key, line))).rejects.toThrow(
        `the certificate is for another key than ${key.fingerprint}`,
      );
      await keygen('-q', '-s', ca, '-I', 'user', '-n', 'demo', `${name}.pub`);
      await expect(readFile(`${name}-cert.pub`, 'utf8').then((line) => certifyHostKey(key, line))).rejects.toThrow(
        'the certificate is none of a host',
      );
    });
  });

  it('a key in ssh-agent signs the key exchanges of ssh, the first and those that follow', async () => {
    const socket = file('agent.sock');
    const agent = RunningProgram.start(programs.path('ssh-agent'), ['-D', '-a', socket]);
    onTestFinished(() => agent[Symbol.asyncDispose]());
    await agent.said(/SSH_AUTH_SOCK/u);
    const data = randomBytes(8_000_000);
    for (const kind of ['ed25519', 'ecdsa256', 'rsa'] as const) {
      const name = await makeKey(programs.path('ssh-keygen'), kind, file(`agent-${kind}`));
      await runProgram(programs.path('ssh-add'), [name], { env: { SSH_AUTH_SOCK: socket } });
      const { ssh, believing } = await open([await agentHostKey(socket, await publicKey(name))]);
      const call = await believing(`HOST ${await publicKey(name)}`);
      const { status, stdout, stderr } = await ssh.run('cat', {
        ...call,
        input: data,
        settings: [...(call.settings ?? []), 'RekeyLimit=1M'],
      });

      expect(status).toBe(0);
      expect(digest(stdout)).toBe(digest(data));
      expect(stderr.match(/SSH2_MSG_NEWKEYS received/gu)?.length).toBeGreaterThan(3);
    }
  });

  describe('rotation by the reference server', () => {
    let site: ClientSite;
    let ssh: OpenSshClient;
    let knownHosts: string;
    let state: string;

    beforeAll(async () => {
      site = await ClientSite.open({ keygen: programs.path('ssh-keygen'), hostKeys: ['rsa'] });
      state = path.join(site.folder, 'state');
      knownHosts = site.path('known_hosts');
      const { server, keys, environment: env } = site;
      ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
    });
    afterAll(() => site.close());

    const known = async (): Promise<readonly string[]> =>
      (await readFile(knownHosts, 'utf8')).split('\n').flatMap((line) => line.split(' ')[2] ?? []);
    const keyOf = async (name: string): Promise<string> => {
      const { stdout } = await keygen('-y', '-f', path.join(state, name));
      return stdout.toString().split(' ')[1]?.trim() ?? '';
    };
    /** Stays long enough to have the keys proved. */
    const visit = (...more: readonly string[]) =>
      ssh.run('sleep 1', {
        settings: ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${knownHosts}`, 'UpdateHostKeys=yes', ...more],
      });

    it('ssh learns the key to come, uses it, and forgets the key that is gone', async () => {
      const { host, port } = site.server;
      const [old, rsa] = [await keyOf('ssh_host_ed25519_key'), await keyOf('ssh_host_rsa_key')];
      await writeFile(knownHosts, `[${host}]:${String(port)} ssh-ed25519 ${old}\n`);
      await makeKey(programs.path('ssh-keygen'), 'ed25519', path.join(state, 'ssh_host_next_key'));
      const next = await keyOf('ssh_host_next_key');

      expect(await site.server.reload()).toContain('host keys in force: SHA256:');
      expect((await visit()).status).toBe(0);
      expect((await known()).toSorted()).toEqual([old, next, rsa].toSorted());

      await rename(path.join(state, 'ssh_host_next_key'), path.join(state, 'ssh_host_ed25519_key'));
      await site.server.reload();
      expect((await visit('HostKeyAlgorithms=ssh-ed25519')).status).toBe(0);
      expect((await visit()).status).toBe(0);
      expect((await known()).toSorted()).toEqual([next, rsa].toSorted());
    });

    it('a key that cannot be used changes nothing, and the server says why', async () => {
      const bad = path.join(state, 'ssh_host_bad_key');
      await copyFile(path.join(state, 'ssh_host_ed25519_key'), bad);
      await writeFile(bad, 'no key');

      expect(await site.server.reload()).toContain(
        `the host keys stay as they were: host key ${bad}: this is not a private key`,
      );
      expect((await visit()).status).toBe(0);
      await rm(bad);
      expect(await site.server.reload()).toContain('host keys in force');
    });
  });
});
