import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { generateHostKey } from 'rxsshd';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { requires } from '../support/requires.js';
import { runProgram, RunningProgram } from '../support/running-program.js';

/** Starting a program from source takes a second or two, more on a busy machine. */
const START_MS = 60_000;

let stateDir: string;

beforeEach(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), 'rxsshd-reference-'));
});

afterEach(async () => {
  await rm(stateDir, { recursive: true });
});

/** Runs a program of this project from source, as `npm start` does. */
const run = (file: string, env: Readonly<Record<string, string>> = {}): RunningProgram =>
  RunningProgram.start(process.execPath, ['--import', 'tsx', file], {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env,
  });

const start = (env: Readonly<Record<string, string>> = {}): RunningProgram =>
  run('examples/reference/main.ts', { STATE_DIR: stateDir, PORT: '0', ...env });

/** The port of a server, once it listens. */
async function portOf(server: RunningProgram): Promise<number> {
  const [, port] = await server.said(/^listening on ssh:\/\/\S+:(\d+)$/m);
  return Number(port);
}

/** What a server says to everybody: its identification and its offer (RFC 4253 sections 4.2 and 7.1). */
async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write('SSH-2.0-test\r\n');
  let received = Buffer.alloc(0);
  for (;;) {
    const packet = received.indexOf('\r\n') + 2;
    const isWhole =
      packet > 2 && received.length >= packet + 4 && received.length >= packet + 4 + received.readUInt32BE(packet);
    if (isWhole) break;
    // A socket without encoding gives buffers.
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, bytes]);
  }
  socket.destroy();
  return received.toString('latin1');
}

/** Puts a host key where the server looks for it. */
async function putHostKey(name: string, text: string): Promise<void> {
  const file = path.join(stateDir, name);
  await writeFile(file, text);
  await chmod(file, 0o600);
}

/** Signs in. The caller closes the connection or ends the server. */
async function signIn(port: number, methods: readonly ssh2.AnyAuthMethod[]): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  // Servers that are killed at the end of a test reset their connections. Whoever awaits an event still gets the error.
  client.on('error', () => undefined);
  client.connect({ host: '127.0.0.1', port, username: 'demo', authHandler: [...methods] });
  await once(client, 'ready');
  return client;
}

const password = (text: string): ssh2.PasswordAuthMethod => ({ type: 'password', username: 'demo', password: text });

/** Runs `command` and settles with the open channel. */
const exec = (client: ssh2.Client, command: string): Promise<ssh2.ClientChannel> =>
  new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });

/** Settles once the server refuses channels, since it is shutting down. */
async function refusalOfChannels(client: ssh2.Client): Promise<void> {
  for (;;) {
    const channel = await exec(client, 'true').catch(() => undefined);
    if (channel === undefined) return;
    await once(channel.resume(), 'close');
  }
}

describe('the reference server', { timeout: START_MS }, () => {
  it('says where it listens and nothing else, and answers there', async () => {
    await using server = start();
    const port = await portOf(server);

    expect(await greeting(port)).toMatch(/^SSH-2\.0-/);
    server.kill('SIGTERM');
    const { stdout, stderr } = await server.finished;

    expect(stdout.toString()).toBe(`listening on ssh://127.0.0.1:${String(port)}\n`);
    expect(stderr).toBe('');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with status 0, with somebody at the door', async (signal) => {
    await using server = start();
    const socket = connect(await portOf(server), '127.0.0.1');
    await once(socket, 'data');
    server.kill(signal);

    expect(await server.finished).toMatchObject({ status: 0, signal: null });
  });

  it('lets a session end before it goes, also when the signal is repeated', async () => {
    await using server = start();
    const client = await signIn(await portOf(server), [password('demo')]);
    const channel = await exec(client, 'cat');
    channel.write('before\n');
    const [before] = (await once(channel, 'data')) as [Buffer];
    server.kill('SIGTERM');
    await refusalOfChannels(client);
    // A Ctrl-C reaches the server twice, from the terminal and from npm.
    server.kill('SIGTERM');
    await refusalOfChannels(client);
    channel.end('after\n');
    const [after] = (await once(channel, 'data')) as [Buffer];

    expect([before.toString(), after.toString()]).toEqual(['before\n', 'after\n']);
    expect(await server.finished).toMatchObject({ status: 0 });
  });

  it('hangs up on a session that outlasts DRAIN_MS', async () => {
    await using server = start({ DRAIN_MS: '100' });
    const client = await signIn(await portOf(server), [password('demo')]);
    await exec(client, 'sleep 3600');
    server.kill('SIGTERM');

    expect(await server.finished).toMatchObject({ status: 0 });
  });

  it('keeps its host key from one start to the next', async () => {
    const file = path.join(stateDir, 'ssh_host_ed25519_key');
    const keys: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      await using server = start();
      await portOf(server);
      keys.push(await readFile(file, 'utf8'));
    }

    expect(keys[0]).toContain('PRIVATE KEY');
    expect(keys[1]).toBe(keys[0]);
  });

  it('offers every other host key in its folder', async () => {
    const { privateKeyText } = await generateHostKey('ecdsa-sha2-nistp256');
    await putHostKey('ssh_host_ecdsa_key', privateKeyText);
    await writeFile(path.join(stateDir, 'ssh_host_ecdsa_key.pub'), 'not read');
    // The algorithms of the default have no use for such a key.
    await using server = start({ ALGORITHMS: 'compatible' });
    const offer = await greeting(await portOf(server));

    expect(offer).toContain('ssh-ed25519');
    expect(offer).toContain('ecdsa-sha2-nistp256');
  });

  it('writes events as JSON lines without secrets when LOG=1', async () => {
    await using server = start({ LOG: '1' });
    const client = await signIn(await portOf(server), [password('not-the-password'), password('demo')]);
    client.end();
    await once(client, 'close');
    server.kill('SIGTERM');
    const { stderr } = await server.finished;
    // Every event has a type.
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string });

    expect(events.map(({ type }) => type)).toContain('Decided');
    expect(events.at(-1)?.type).toBe('Disconnected');
    expect(stderr).toContain('bad-credential');
    expect(stderr).not.toContain('not-the-password');
  });

  it('writes what it does a line each when LOG_LEVEL asks for it, whatever a client is called', async () => {
    await using server = start({ LOG_LEVEL: '2', DEMO_PASSWORDS: '1' });
    const port = await portOf(server);
    const guest = connect(port, '127.0.0.1');
    guest.end('SSH-2.0-\u001b[2J root authenticated\u0007\r\n');
    await once(guest.resume(), 'close');
    const client = await signIn(port, [password('not-the-password'), password('demo')]);
    client.end();
    await once(client, 'close');
    server.kill('SIGTERM');
    const { stderr } = await server.finished;

    const lines = stderr.trim().split('\n');
    for (const line of lines)
      expect(line).toMatch(/^[\d-]+T[\d:.]+Z c\d 127\.0\.0\.1:\d+ (?:info|verbose) [\x20-\x7e]+$/);
    expect(stderr).toMatch(
      / c1 \S+ info client identified as "SSH-2\.0-\\\\u\{1b\}\[2J root authenticated\\\\u\{7\}"$/m,
    );
    expect(stderr).toMatch(/ c2 \S+ info sign-in failed: "demo" by "password", bad-credential \(.+\)$/m);
    expect(stderr).toMatch(/ c2 \S+ info authenticated: "demo" by "password"$/m);
    expect(stderr).toMatch(/ c2 \S+ verbose sign-in requested: "demo" by "password", request 1$/m);
    expect(stderr).not.toContain('not-the-password');
  });

  it('counts the logins of an address', async () => {
    await using server = start({ MAX_LOGINS_PER_MINUTE: '2' });
    const port = await portOf(server);
    const first = await signIn(port, [password('wrong'), password('demo')]);
    first.end();

    await expect(signIn(port, [password('demo')])).rejects.toThrow('All configured authentication methods failed');
  });

  it('listens anywhere once the demo passwords are off, and then takes none', async () => {
    await using server = start({ HOST: '0.0.0.0', DEMO_PASSWORDS: '0' });
    const port = await portOf(server);

    expect(server.stdoutSoFar).toBe(`listening on ssh://0.0.0.0:${String(port)}\n`);
    await expect(signIn(port, [password('demo')])).rejects.toThrow('All configured authentication methods failed');
  });
});

describe('the reference server does not start', { timeout: START_MS }, () => {
  it.each([
    [
      'on a port that is none',
      { PORT: '65536' },
      'PORT="65536" cannot be used: expected a whole number from 0 to 65535',
    ],
    [
      'with what this version lacks',
      { PROGRAMS: '1' },
      'PROGRAMS="1" cannot be used: this version has no programs of the system',
    ],
    ['with demo passwords on every address', { HOST: '0.0.0.0' }, 'HOST="0.0.0.0" cannot be used'],
    ['with a pattern that is none', { ACCEPT_ENV: 'LANG,LC-*' }, 'ACCEPT_ENV="LANG,LC-*" cannot be used'],
    ['without its file of keys', { AUTHORIZED_KEYS: '/nowhere' }, 'AUTHORIZED_KEYS="/nowhere" cannot be used: ENOENT'],
  ])('%s', async (_case, env, message) => {
    const { status, stdout, stderr } = await start(env).finished;

    expect(stderr).toContain(`cannot start: ${message}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout.toString()).toBe('');
    expect(status).toBe(1);
  });

  it('with a key whose options it cannot honour', async () => {
    const { hostKey } = await generateHostKey();
    const file = path.join(stateDir, 'keys');
    await writeFile(file, `# keys\nnewest="1" ssh-ed25519 ${hostKey.publicBlob.toString('base64')}\n`);
    const { status, stderr } = await start({ AUTHORIZED_KEYS: file }).finished;

    expect(stderr).toBe(
      `cannot start: AUTHORIZED_KEYS="${file}" cannot be used: line 2: nothing enforces the option newest, ` +
        'so the key must not be accepted\n',
    );
    expect(status).toBe(1);
  });

  it('with a host key that is no key', async () => {
    await putHostKey('ssh_host_rsa_key', 'garbage\n');
    const { status, stderr } = await start().finished;

    expect(stderr).toMatch(/^cannot start: host key \S+ssh_host_rsa_key: .*not a private key.*\n$/);
    expect(status).toBe(1);
  });

  const keygen = requires(['ssh-keygen']);
  it.skipIf(keygen.missing.length > 0)(keygen.title('with an encrypted host key'), async () => {
    const file = path.join(stateDir, 'ssh_host_ed25519_key');
    await runProgram(keygen.path('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', 'secret', '-f', file]);
    const { status, stderr } = await start().finished;

    expect(stderr).toMatch(/^cannot start: host key \S+ssh_host_ed25519_key: .*encrypted.*\n$/);
    expect(status).toBe(1);
  });

  it('on a port in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    // A TCP server has an address with a port.
    const port = String((holder.address() as AddressInfo).port);
    const { status, stderr } = await start({ PORT: port }).finished;
    holder.close();

    expect(stderr).toContain(`cannot start: cannot listen on 127.0.0.1:${port}: the port is in use`);
    expect(status).toBe(1);
  });
});

describe('an application', { timeout: START_MS }, () => {
  it('with two methods for one command ends at the start and names both', async () => {
    const { status, stderr } = await run('test/examples/fixtures/routed-twice.ts').finished;

    expect(stderr).toContain('exec "uptime" is routed twice: Desk.uptime and Rival.up.');
    expect(status).toBe(1);
  });
});
