import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import {
  type AuthMethod,
  createServer,
  decide,
  exec,
  generateHostKey,
  grantHostBased,
  grantKeyboardInteractive,
  grantPassword,
  type Policy,
  type SshEvent,
  type SSHUserAuthRequest,
} from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { makeKey } from '../support/client-keys.js';
import { OpenSshClient, type SshCall } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const programs = requires(['ssh', 'ssh-keygen', 'unshare', 'mount']);

/** Whether this machine lets tests have a view of the file system of their own. Containers often do not. */
const mayUnshare = spawnSync('unshare', ['-r', '-m', 'true']).status === 0;

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, methods beside keys'), () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-methods-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function open(policy: Policy<SSHUserAuthRequest>, authMethods: readonly AuthMethod[]) {
    const { hostKey } = await generateHostKey('ssh-ed25519');
    const server = await createServer({
      hostKeys: [hostKey],
      authMethods,
      handlers: [decide('SSHUserAuthRequest', policy), exec('whoami', (session) => `${session.user}\n`)],
    });
    onTestFinished(() => server.shutdown());
    const log: SshEvent[] = [];
    server.events.all.subscribe((event) => log.push(event));
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const ssh = new OpenSshClient({
      program: programs.path('ssh'),
      server: { host: '127.0.0.1', port: typeof address === 'string' ? 0 : address.port },
      env: { HOME: folder, LANG: 'C.UTF-8', TERM: 'xterm' },
    });
    return { log, ssh };
  }

  /** A call in which a program answers what ssh asks its user: for each pattern of a shell an answer, the first that fits. */
  async function answering(name: string, answers: Readonly<Record<string, string>>): Promise<SshCall> {
    const program = path.join(folder, name);
    const cases = Object.entries(answers).map(([pattern, answer]) => `  ${pattern}) echo '${answer}' ;;`);
    await writeFile(program, `#!/bin/sh\ncase "$1" in\n${cases.join('\n')}\nesac\n`);
    await chmod(program, 0o755);
    return {
      env: { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0', HOME: folder },
      settings: ['BatchMode=no'],
    };
  }

  /** As `ssh.run`, with a user to ask. */
  const run = (ssh: OpenSshClient, { env, ...call }: SshCall) =>
    runProgram(programs.path('ssh'), ssh.arguments('whoami', call), { env: env ?? {} });

  const seen = (log: readonly SshEvent[]) =>
    log.flatMap((event) =>
      event.type === 'SSHUserAuthRequest' && event.method !== 'none'
        ? [event.method === 'password' && event.newPassword !== undefined ? 'new password' : event.method]
        : [],
    );

  it('ssh has its user change a password that has expired, until the new one will do', async () => {
    const passwords = new Map([['demo', 'stale']]);
    const tooShort = { change: 'At least eight characters, please.' };
    const { log, ssh } = await open(
      grantPassword((user, password) => passwords.get(user) === password && { change: 'Your password has expired.' }, {
        change: (user, password, newPassword) => {
          if (passwords.get(user) !== password) return false;
          if (newPassword.length < 8) return tooShort;
          passwords.set(user, newPassword);
          return true;
        },
      }),
      ['password'],
    );
    const call = await answering('askpass', { '*old*': 'stale', '*new*': 'short', '*etype*': 'short', '*': 'stale' });
    const refused = await run(ssh, { ...call, settings: ['NumberOfPasswordPrompts=1'] });
    const better = await answering('askpass-2', {
      '*old*': 'stale',
      '*new*': 'long enough',
      '*etype*': 'long enough',
      '*': 'stale',
    });
    const { status, stdout, stderr } = await run(ssh, { ...better, settings: ['LogLevel=INFO'] });

    expect(refused.status).not.toBe(0);
    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
    expect(stderr).toContain('Your password has expired.');
    expect(passwords.get('demo')).toBe('long enough');
    expect(seen(log).slice(-2)).toEqual(['password', 'new password']);
  });

  it('ssh reads out a round without questions and goes on to the next', async () => {
    const { log, ssh } = await open(
      grantKeyboardInteractive({
        prompts: (request) =>
          request.stage === 'started'
            ? { instruction: 'Have your token ready.', prompts: [] }
            : { prompts: [{ text: 'Code: ' }, { text: 'Place: ', echo: true }] },
        verifyAnswer: (_user, answer, number) => answer === (number === 1 ? '42' : 'here'),
        verify: (_user, answers) => answers.length > 0 || 'again',
      }),
      ['keyboard-interactive'],
    );
    const call = await answering('askpass-3', { '*Code*': '42', '*Place*': 'here' });
    const { status, stdout, stderr } = await run(ssh, { ...call, settings: ['LogLevel=INFO'] });

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
    expect(stderr).toContain('Have your token ready.');
    expect(seen(log)).toEqual(['keyboard-interactive', 'keyboard-interactive', 'keyboard-interactive']);
  });

  describe.skipIf(!mayUnshare)(`from a known host${mayUnshare ? '' : ' (skipped, no mount namespaces here)'}`, () => {
    /** What stands for /etc/ssh, where ssh-keysign has its settings and the keys of the host. */
    let configuration: string;

    beforeAll(async () => {
      configuration = path.join(folder, 'etc-ssh');
      await mkdir(configuration);
      await writeFile(path.join(configuration, 'ssh_config'), 'EnableSSHKeysign yes\nHostbasedAuthentication yes\n');
      const keygen = programs.path('ssh-keygen');
      await makeKey(keygen, 'ed25519', path.join(configuration, 'ssh_host_ed25519_key'));
    });

    async function runFromHost(ssh: OpenSshClient) {
      const settings = ['PreferredAuthentications=hostbased', 'HostbasedAuthentication=yes', 'BatchMode=yes'];
      const script = 'mount --bind "$0" /etc/ssh && exec "$@"';
      const command = [programs.path('ssh'), ...ssh.arguments('whoami', { key: null, settings })];
      const args = ['-r', '-m', 'sh', '-c', script, configuration, ...command];
      const { status, stdout } = await runProgram(programs.path('unshare'), args, { env: { HOME: folder } });
      return { status, stdout: stdout.toString() };
    }

    const hostLine = async (): Promise<string> =>
      `* ${await readFile(path.join(configuration, 'ssh_host_ed25519_key.pub'), 'utf8')}`;

    it('ssh signs in by the key of its host', async () => {
      const told: unknown[] = [];
      const { log, ssh } = await open(
        grantHostBased({
          hosts: await hostLine(),
          allow: (host, { clientUserName, connection }) => {
            told.push({ host, clientUserName, from: connection.remoteAddress });
            return true;
          },
        }),
        ['hostbased'],
      );

      expect(await runFromHost(ssh)).toEqual({ status: 0, stdout: 'demo\n' });
      expect(told).toEqual([
        { host: expect.stringMatching(/^[^.].*[^.]$/) as string, clientUserName: 'root', from: '127.0.0.1' },
      ]);
      expect(log.find((event) => event.type === 'SSHUserAuthRequest' && event.method === 'hostbased')).toMatchObject({
        stage: 'proven',
        algorithm: 'ssh-ed25519',
      });
    });

    it.each([
      ['that host is not known', async () => `other.example.com ${(await hostLine()).slice(2)}`, true],
      ['its user may not come in from there', hostLine, false],
      ['its key has been revoked', async () => `${await hostLine()}@revoked ${await hostLine()}`, true],
    ])('ssh is refused if %s', async (_why, hosts, allowed) => {
      const { ssh } = await open(grantHostBased({ hosts: await hosts(), allow: () => allowed }), ['hostbased']);

      expect(await runFromHost(ssh)).toEqual({ status: 255, stdout: '' });
    });

    it('ssh signs in by a certificate of its host', async () => {
      const keygen = programs.path('ssh-keygen');
      const ca = await makeKey(keygen, 'ed25519', path.join(folder, 'host-ca'));
      const own = path.join(configuration, 'ssh_host_ed25519_key');
      // Whatever this machine takes for its name, which ssh shows in its message.
      const names: string[] = [];
      const first = await open(
        grantHostBased({
          hosts: (host) => {
            names.push(host);
            return '';
          },
          allow: () => true,
        }),
        ['hostbased'],
      );
      await runFromHost(first.ssh);
      const { status, stderr } = await runProgram(keygen, [
        ...['-q', '-s', ca, '-h', '-I', 'desk', '-n', names[0] ?? '', `${own}.pub`],
      ]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

      const { log, ssh } = await open(
        grantHostBased({ hosts: `@cert-authority * ${await readFile(`${ca}.pub`, 'utf8')}`, allow: () => true }),
        ['hostbased'],
      );
      expect(await runFromHost(ssh)).toEqual({ status: 0, stdout: 'demo\n' });
      const granted = log.find(
        (event) => event.type === 'Decided' && event.outcome === 'granted' && event.by === 'grantHostBased',
      );
      expect(granted).toMatchObject({ request: { key: { certificate: { keyId: 'desk' } } } });
    });
  });
});
