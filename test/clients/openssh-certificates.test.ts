import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { filter, NEVER } from 'rxjs';
import {
  createServer,
  decide,
  exec,
  generateHostKey,
  grantCertificate,
  grantPublicKey,
  type Policy,
  shell,
  type SshEvent,
  type SSHUserAuthRequest,
} from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { type KeyKind, makeKey } from '../support/client-keys.js';
import { ClientSite } from '../support/client-site.js';
import { OpenSshClient, type SshCall } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh', 'ssh-keygen']);
const run = promisify(execFile);

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, certificates and key options'), () => {
  let folder: string;
  let ca: string;
  let key: string;
  let made = 0;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-certificates-'));
    const keygen = programs.path('ssh-keygen');
    ca = await makeKey(keygen, 'ed25519', path.join(folder, 'ca'));
    key = await makeKey(keygen, 'ed25519', path.join(folder, 'user'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const lineOf = (file: string): Promise<string> => readFile(`${file}.pub`, 'utf8');

  /** Has `signer` certify the key at `file`. @returns the arguments by which a client shows the certificate */
  async function certify(file: string, signer: string, ...options: readonly string[]): Promise<SshCall> {
    const args = ['-q', '-s', signer, '-I', 'test', '-n', 'demo', ...options, `${file}.pub`];
    await run(programs.path('ssh-keygen'), args);
    made += 1;
    const certificate = `${file}-${String(made)}-cert.pub`;
    await copyFile(`${file}-cert.pub`, certificate);
    await rm(`${file}-cert.pub`);
    return { key: file, settings: [`CertificateFile=${certificate}`] };
  }

  async function open(policy: Policy<SSHUserAuthRequest>) {
    const { hostKey } = await generateHostKey('ssh-ed25519');
    const server = await createServer({
      hostKeys: [hostKey],
      handlers: [
        decide('SSHUserAuthRequest', policy),
        exec('hello', async (session) => {
          await session.write('hello\n');
        }),
        exec('forced', async (session) => {
          await session.write(`forced: ${session.environment.get('SSH_ORIGINAL_COMMAND') ?? ''}\n`);
        }),
        exec('env', async (session) => {
          await session.write([...session.environment].map((entry) => `${entry.join('=')}\n`).join(''));
        }),
        exec('wait', () => NEVER),
        exec('tty', async (session) => {
          await session.write(`${session.terminal?.type ?? 'none'}\n`);
        }),
        shell(() => NEVER),
      ],
    });
    onTestFinished(() => server.shutdown());
    const proven: SSHUserAuthRequest[] = [];
    const revoked: SshEvent[] = [];
    server.events.SSHUserAuthRequest.subscribe((request) => proven.push(request));
    server.events.Decided.pipe(filter(({ outcome }) => outcome === 'revoked')).subscribe((event) =>
      revoked.push(event),
    );
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const ssh = new OpenSshClient({
      program: programs.path('ssh'),
      server: { host: '127.0.0.1', port: typeof address === 'string' ? 0 : address.port },
      key,
      env: { HOME: folder, LANG: 'C.UTF-8', TERM: 'xterm' },
    });
    return { ssh, proven, revoked };
  }

  it.each<[KeyKind, string]>([
    ['ed25519', 'ssh-ed25519-cert-v01@openssh.com'],
    ['ecdsa256', 'ecdsa-sha2-nistp256-cert-v01@openssh.com'],
    ['ecdsa521', 'ecdsa-sha2-nistp521-cert-v01@openssh.com'],
    ['rsa', 'rsa-sha2-512-cert-v01@openssh.com'],
  ])('signs in with a certificate for a key of kind %s', async (kind, algorithm) => {
    const file = await makeKey(programs.path('ssh-keygen'), kind, path.join(folder, `certified-${kind}`));
    const { ssh, proven } = await open(grantCertificate({ authorities: await lineOf(ca) }));

    const { stdout } = await ssh.run('hello', await certify(file, ca));
    expect(stdout.toString()).toBe('hello\n');
    expect(proven.at(-1)).toMatchObject({ stage: 'proven', algorithm, key: { certificate: { keyId: 'test' } } });
  });

  it('turns away the key alone, and a certificate of a stranger', async () => {
    const stranger = await makeKey(programs.path('ssh-keygen'), 'ed25519', path.join(folder, 'stranger'));
    const { ssh } = await open(grantCertificate({ authorities: await lineOf(ca) }));

    expect((await ssh.run('hello')).status).toBe(255);
    expect((await ssh.run('hello', await certify(key, stranger))).status).toBe(255);
    expect((await ssh.run('hello', await certify(key, ca, '-n', 'somebody'))).status).toBe(255);
    expect((await ssh.run('hello', await certify(key, ca, '-V', '20200101:20200102'))).status).toBe(255);
    expect((await ssh.run('hello', await certify(key, ca, '-O', 'source-address=203.0.113.0/24'))).status).toBe(255);
  });

  it('forces the command of the certificate, and of terminals permits none without the extension', async () => {
    const { ssh } = await open(grantCertificate({ authorities: await lineOf(ca) }));
    const forced = await ssh.run('hello', await certify(key, ca, '-O', 'force-command=forced'));
    expect(forced.stdout.toString()).toBe('forced: hello\n');

    const noPty = await certify(key, ca, '-O', 'clear');
    expect((await ssh.run('tty', { ...noPty, flags: ['-tt'] })).stderr).toContain('PTY allocation request failed');
    const pty = await certify(key, ca, '-O', 'clear', '-O', 'permit-pty');
    expect((await ssh.run('tty', { ...pty, flags: ['-tt'] })).stdout.toString().trim()).toBe('xterm');
  });

  it('takes certificates by an authority in authorized_keys, on the terms of its line', async () => {
    const line = `cert-authority,principals="demo,ops",command="forced" ${await lineOf(ca)}`;
    const { ssh } = await open(grantPublicKey(line));

    expect((await ssh.run('hello', await certify(key, ca))).stdout.toString()).toBe('forced: hello\n');
    expect((await ssh.run('hello', { key: ca })).status).toBe(255);
  });

  it('sets the variables of the line, and forces its command on a subsystem', async () => {
    const { ssh } = await open(grantPublicKey(`environment="A=b c" ${await lineOf(key)}`));
    expect((await ssh.run('env')).stdout.toString()).toBe('A=b c\n');

    const { ssh: other } = await open(grantPublicKey(`command="forced",restrict ${await lineOf(key)}`));
    expect((await other.run('sftp', { flags: ['-s'] })).stdout.toString()).toBe('forced: sftp\n');
  });

  it('signs demo in to the reference server, and nobody else', async () => {
    const keygen = programs.path('ssh-keygen');
    const site = await ClientSite.open({ keygen, settings: { USER_CA: `${ca}.pub` } });
    onTestFinished(() => site.close());
    const ssh = new OpenSshClient({
      program: programs.path('ssh'),
      server: site.server,
      env: site.environment,
    });
    expect((await ssh.run('whoami', await certify(key, ca))).stdout.toString()).toBe('demo\n');
    expect((await ssh.run('whoami', await certify(key, ca, '-n', 'mfa'))).status).toBe(255);
    expect((await ssh.run('whoami', { key: site.keys.ed25519 })).stdout.toString()).toBe('demo\n');
    const asOther = { ...(await certify(key, ca, '-n', 'mfa')), flags: ['-l', 'mfa'] };
    expect((await ssh.run('whoami', asOther)).status).toBe(255);
  });

  it('ends a session when the certificate ends', async () => {
    const { ssh, revoked } = await open(grantCertificate({ authorities: await lineOf(ca) }));
    const { stderr, status } = await ssh.run('wait', await certify(key, ca, '-V', '-1m:+3s'));

    expect(stderr).toContain('the key that this session was opened with has expired');
    expect(status).toBe(255);
    expect(revoked).toMatchObject([{ by: 'grantCertificate', outcome: 'revoked' }]);
  });
});
