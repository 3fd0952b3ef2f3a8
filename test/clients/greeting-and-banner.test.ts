import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type ApplicationServer, createServer, decide, exec, generateHostKey, grantPassword } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clientFixture } from '../support/client-fixture.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

/** As long as a greeting may be, in as many lines. */
const GREETING = [
  'x'.padEnd(255 - 'SSH-2.0-rxsshd\r\n'.length - 32 * 2, '='),
  ...Array.from({ length: 31 }, () => ''),
].join('\r\n');
const BANNER = 'Authorised use only,\n\u001b[2Jdemo. Grüß Gott.';

/** Signs in with a password, and tells what the user reads on the way. */
const PARAMIKO = `
import sys, paramiko
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect("127.0.0.1", int(sys.argv[1]), "demo", "demo", allow_agent=False, look_for_keys=False)
sys.stderr.write(client.get_transport().get_banner().decode())
sys.stdout.write(client.exec_command("whoami")[1].read().decode())
client.close()
`;
const ASYNCSSH = `
import asyncio, sys, asyncssh
class Reader(asyncssh.SSHClient):
    def auth_banner_received(self, msg, lang):
        sys.stderr.write(msg)
async def main():
    async with asyncssh.connect("127.0.0.1", int(sys.argv[1]), username="demo", password="demo", known_hosts=None,
                                client_keys=None, agent_path=None, client_factory=Reader, config=None) as client:
        sys.stdout.write((await client.run("whoami")).stdout)
asyncio.run(main())
`;

let server: ApplicationServer;
let port: number;
let home: string;
let env: Readonly<Record<string, string>>;
let fingerprint: string;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'rxsshd-banner-'));
  env = { HOME: home, LANG: 'C.UTF-8', TERM: 'xterm' };
  const { hostKey } = await generateHostKey('ssh-ed25519');
  fingerprint = hostKey.fingerprint;
  server = await createServer({
    hostKeys: [hostKey],
    algorithms: 'compatible',
    greeting: GREETING,
    banner: ({ user }) => (user === 'demo' ? BANNER : undefined),
    handlers: [
      decide(
        'SSHUserAuthRequest',
        grantPassword((user, password) => user === 'demo' && password === 'demo'),
      ),
      exec('whoami', ({ user }) => `${user}\n`),
    ],
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  port = typeof address === 'string' ? 0 : address.port;
});

afterAll(async () => {
  await server.shutdown();
  await rm(home, { recursive: true, force: true });
});

const openssh = requires(['ssh', 'sshpass']);
it.skipIf(openssh.missing.length > 0)(openssh.title('ssh shows the banner and reads over the greeting'), async () => {
  const ssh = new OpenSshClient({ program: openssh.path('ssh'), server: { host: '127.0.0.1', port }, env });
  const { status, stdout, stderr } = await ssh.runWithPassword(openssh.path('sshpass'), 'demo', 'whoami', {
    settings: ['LogLevel=INFO'],
  });

  expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
  expect(stderr).toContain('Authorised use only,\r\n[2Jdemo. Grüß Gott.\r\n');
  expect(stderr).not.toContain('====');
});

const dropbear = requires(['dbclient']);
it.skipIf(dropbear.missing.length > 0)(dropbear.title('dbclient gets by both'), async () => {
  const args = ['-y', '-y', '-p', String(port), '-l', 'demo', '127.0.0.1', 'whoami'];
  const { status, stdout, stderr } = await runProgram(dropbear.path('dbclient'), args, {
    env: { ...env, DROPBEAR_PASSWORD: 'demo' },
  });

  expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
  expect(stderr).toContain('Authorised use only,');
});

const putty = requires(['plink']);
it.skipIf(putty.missing.length > 0)(putty.title('plink gets by both'), async () => {
  const args = ['-batch', '-ssh', '-P', String(port), '-l', 'demo', '-pw', 'demo', '-hostkey', fingerprint];
  const { status, stdout, stderr } = await runProgram(putty.path('plink'), [...args, '127.0.0.1', 'whoami'], { env });

  expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
  // In batch mode plink keeps to itself what it is told.
  expect(stderr).not.toContain('====');
});

describe.each([
  ['paramiko', PARAMIKO],
  ['asyncssh', ASYNCSSH],
])('%s', (module, script) => {
  const python = requires([], { pythonModules: [module] });
  it.skipIf(python.missing.length > 0)(python.title('gets by both'), async () => {
    const { status, stdout, stderr } = await runProgram(
      python.path('python3'),
      ['-W', 'ignore', '-c', script, String(port)],
      { env },
    );

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
    expect(stderr.replaceAll('\r', '')).toBe('Authorised use only,\n[2Jdemo. Grüß Gott.\n');
  });
});

const go = requires(['go'], { files: ['/usr/share/gocode/src/golang.org/x/crypto/ssh'] });
it.skipIf(go.missing.length > 0)(go.title('the client of Go gets by both'), { timeout: 120_000 }, async () => {
  const program = path.join(home, 'sign_in');
  const built = await runProgram(go.path('go'), ['build', '-o', program, clientFixture('sign_in.go')], {
    env: { ...env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: path.join(home, 'go-cache') },
  });
  expect(built).toMatchObject({ status: 0 });
  const args = ['127.0.0.1', String(port), 'demo', 'password', 'demo', '', ''];
  const { status, stdout, stderr } = await runProgram(program, args, { env });

  expect({ status, stdout: stdout.toString(), stderr }).toEqual({ status: 0, stdout: 'demo\n', stderr: '' });
});

const libssh = requires(['gcc'], { files: ['/usr/include/libssh/libssh.h'] });
it.skipIf(libssh.missing.length > 0)(libssh.title('a client of libssh gets by both'), async () => {
  const program = path.join(home, 'libssh');
  const built = await runProgram(libssh.path('gcc'), ['-o', program, clientFixture('sign_in.c'), '-lssh'], { env });
  expect(built).toMatchObject({ status: 0 });
  const args = ['127.0.0.1', String(port), 'demo', 'password', 'demo', '', ''];
  const { status, stdout } = await runProgram(program, args, { env });

  expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
});
