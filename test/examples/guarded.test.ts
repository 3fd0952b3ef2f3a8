import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { ApplicationServer, Decided } from 'rxsshd';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Guard } from '../../examples/guarded/guard.js';
import { guardedServer } from '../../examples/guarded/guarded-server.js';
import { makeKey } from '../support/client-keys.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import { RunningProgram } from '../support/running-program.js';

const TIMEOUT_MS = 60_000;
const ROOT = path.resolve(import.meta.dirname, '../..');
const programs = requires(['ssh', 'ssh-keygen']);

let folder: string;
let key: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-guarded-'));
  if (programs.missing.length > 0) return;
  key = await makeKey(programs.path('ssh-keygen'), 'ed25519', path.join(folder, 'key'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const sshTo = (port: number): OpenSshClient =>
  new OpenSshClient({
    program: programs.path('ssh'),
    server: { host: '127.0.0.1', port },
    key,
    env: { HOME: folder },
  });

describe.skipIf(programs.missing.length > 0)(programs.title('the guarded server'), { timeout: TIMEOUT_MS }, () => {
  let server: ApplicationServer;
  let ssh: OpenSshClient;
  let decided: Decided[];

  /** What was denied, and by whom. */
  const refusals = (): readonly Decided[] => decided.filter(({ outcome }) => outcome === 'denied');

  async function start(settings: { readonly maxPerSource?: number; readonly maxAuthRequestsPerMinute?: number } = {}) {
    server = await guardedServer(Guard, {
      host: '127.0.0.1',
      port: 0,
      stateDir: folder,
      authorizedKeys: await readFile(`${key}.pub`, 'utf8'),
      maxStartups: '10:30:100',
      maxPerSource: 20,
      maxAuthRequestsPerMinute: 60,
      ...settings,
    });
    decided = [];
    server.events.Decided.subscribe((event) => decided.push(event));
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    if (typeof address === 'string') throw new Error('it listens on TCP');
    ssh = sshTo(address.port);
  }

  afterEach(async () => {
    await server.shutdown();
  });

  it('asks the policies of Guard, each request its own, in their order', async () => {
    await start();

    expect(server.describe().filter(({ source }) => source.startsWith('Guard.'))).toEqual([
      { request: 'ConnectionRequest', phase: 'limit', source: 'Guard.penalties' },
      { request: 'ConnectionRequest', phase: 'limit', source: 'Guard.perSource' },
      { request: 'ConnectionRequest', phase: 'limit', source: 'Guard.startups' },
      { request: 'SSHUserAuthRequest', phase: 'limit', source: 'Guard.rate' },
      { request: 'SSHUserAuthRequest', phase: 'limit', source: 'Guard.names' },
      { request: 'SSHUserAuthRequest', phase: 'authenticate', source: 'Guard.signIn' },
      { request: 'SSHUserAuthRequest', phase: 'authorize', source: 'Guard.idle' },
      { request: 'SSHUserAuthRequest', phase: 'authorize', source: 'Guard.limit' },
      { request: 'SSHChannelOpenRequest', phase: 'limit', source: 'Guard.channels' },
    ]);
  });

  it('signs OpenSSH in with its key and runs a command', async () => {
    await start();

    expect(await ssh.run('true')).toMatchObject({ status: 0 });
    const { status, stdout } = await ssh.run('cat', { input: 'there and back' });

    expect([status, stdout.toString()]).toEqual([0, 'there and back']);
    expect(decided).toContainEqual(
      expect.objectContaining({ outcome: 'granted', by: 'grantPublicKey', source: 'Guard.signIn' }),
    );
  });

  it('refuses a key that nobody has listed, and not before the floor of uniformDelay', async () => {
    await start();
    const stranger = await makeKey(programs.path('ssh-keygen'), 'ed25519', path.join(folder, 'stranger'));

    expect(await ssh.run('true', { key: stranger })).toMatchObject({ status: 255 });
    const [refusal] = refusals().filter(({ request }) => 'method' in request && request.method === 'publickey');

    expect(refusal).toMatchObject({ by: 'grantPublicKey', reason: 'key-not-accepted', source: 'Guard.signIn' });
    expect(refusal?.elapsedMs).toBeGreaterThanOrEqual(250);
  });

  it.each(['root', 'administrator', 'test1'])('refuses %s, even with a key that is listed', async (user) => {
    await start();

    expect(await ssh.run('true', { flags: ['-l', user] })).toMatchObject({ status: 255 });
    expect(refusals().map(({ by }) => by)).toContain('denyUsers');
    expect(decided.filter(({ source, outcome }) => source === 'Guard.signIn' && outcome === 'granted')).toEqual([]);
  });

  it('limits the authentication requests of one address', async () => {
    await start({ maxAuthRequestsPerMinute: 3 });

    expect(await ssh.run('true')).toMatchObject({ status: 0 });
    expect(await ssh.run('true')).toMatchObject({ status: 255 });
    expect(refusals().map(({ by }) => by)).toContain('rateLimit');
  });

  it('limits the connections of one network', async () => {
    await start({ maxPerSource: 1 });
    await using first = ssh.start('cat', { keepInputOpen: true, input: 'here' });
    await first.said(/here/);

    expect(await ssh.run('true')).toMatchObject({ status: 255 });
    expect(refusals()).toContainEqual(expect.objectContaining({ by: 'maxPerSource', source: 'Guard.perSource' }));
  });
});

describe.skipIf(programs.missing.length > 0)(programs.title('its programs'), { timeout: TIMEOUT_MS }, () => {
  it.each(['main', 'bare'])('%s.ts says where it listens, serves OpenSSH and ends with SIGTERM', async (entry) => {
    await using program = RunningProgram.start(process.execPath, ['--import', 'tsx', `examples/guarded/${entry}.ts`], {
      cwd: ROOT,
      env: { PORT: '0', STATE_DIR: folder, AUTHORIZED_KEYS: `${key}.pub` },
    });
    const [, port] = await program.said(/^listening on ssh:\/\/127\.0\.0\.1:(\d+)$/m);

    expect(await sshTo(Number(port)).run('true')).toMatchObject({ status: 0 });
    program.kill('SIGTERM');
    expect(await program.finished).toMatchObject({ status: 0, stderr: '' });
  });
});
