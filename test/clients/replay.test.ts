import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ReplayReport } from '../../src/testing/index.js';
import { decide, denyCommands, type Handler, readRecording, type SSHChannelRequest } from '../../src/index.js';
import { replay } from '../../src/testing/index.js';
import { serverOptions } from '../../examples/reference/server-options.js';
import { readSettings } from '../../examples/reference/settings.js';
import { clientFixture } from '../support/client-fixture.js';
import { ClientSite, ROOMY } from '../support/client-site.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { PythonClient } from '../support/python-client.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const programs = requires(['ssh', 'ssh-keygen', 'ssh-keyscan', 'plink'], { pythonModules: ['paramiko'] });

/** Nothing else in a recording looks like it. */
const WRONG_PASSWORD = 'n0t-The-One-7c1f';
const STDIN = 'typed at a prompt 9b2e\n';

describe.skipIf(programs.missing.length > 0)(programs.title('A recording of OpenSSH, PuTTY and Paramiko'), () => {
  let site: ClientSite;
  let recording: string;

  const replayWith = async (...more: readonly Handler[]): Promise<ReplayReport> => {
    const options = await serverOptions(
      readSettings({ ...ROOMY, STATE_DIR: site.path('state'), AUTHORIZED_KEYS: site.keys.authorizedKeys }),
    );
    return replay(recording, { ...options, handlers: [...(options.handlers ?? []), ...more] });
  };

  beforeAll(async () => {
    site = await ClientSite.open({
      keygen: programs.path('ssh-keygen'),
      settings: (folder) => ({ RECORD: path.join(folder, 'traffic.jsonl') }),
    });
    recording = site.path('traffic.jsonl');
    await useOpenSsh();
    await usePutty();
    await useParamiko();
    await site.server.stop();
  }, 120_000);

  afterAll(() => site.close());

  async function useOpenSsh(): Promise<void> {
    const { server, environment: env, keys } = site;
    const ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
    expect(await ssh.run('whoami', { settings: ['SetEnv=LANG=C SECRET=none'] })).toMatchObject({ status: 0 });
    expect(await ssh.run('exit 7')).toMatchObject({ status: 7 });
    expect(await ssh.run('cat', { input: STDIN })).toMatchObject({ status: 0 });
    expect(await ssh.run('tty', { flags: ['-tt'], input: '\u0004' })).toMatchObject({ status: 0 });
    expect(await ssh.run('nonsense')).not.toMatchObject({ status: 0 });
    expect(await ssh.run(undefined, { input: 'whoami\nexit 3\n', flags: ['-T'] })).toMatchObject({ status: 3 });
    expect(await ssh.run('whoami', { key: keys.stranger })).toMatchObject({ status: 255 });
    expect(await ssh.run('whoami', { flags: ['-R', '0:127.0.0.1:9'] })).toMatchObject({ status: 0 });
  }

  async function usePutty(): Promise<void> {
    const { host, port } = site.server;
    const scan = await runProgram(programs.path('ssh-keyscan'), ['-t', 'ed25519', '-p', String(port), host]);
    const list = await runProgram(programs.path('ssh-keygen'), ['-lf', '-'], { input: scan.stdout });
    const fingerprint = /SHA256:\S+/u.exec(list.stdout.toString())?.[0] ?? '';
    const plink = (password: string, command: string) =>
      runProgram(
        programs.path('plink'),
        [
          ...['-batch', '-ssh', '-P', String(port), '-l', 'demo', '-hostkey', fingerprint],
          ...['-pw', password, host, command],
        ],
        { env: site.environment },
      );
    expect(await plink('demo', 'whoami')).toMatchObject({ status: 0 });
    expect(await plink(WRONG_PASSWORD, 'whoami')).toMatchObject({ status: 1 });
  }

  async function useParamiko(): Promise<void> {
    const { server, keys, environment: env } = site;
    const script = clientFixture('paramiko_client.py');
    const paramiko = new PythonClient({ python: programs.path('python3'), script, server, key: keys.ed25519, env });
    await paramiko.run('key');
    await paramiko.run('password');
    await paramiko.run('refused');
    await paramiko.run('status');
    await paramiko.run('channels');
  }

  it('is decided in the same way by the same server', async () => {
    const report = await replayWith();

    expect(report).toMatchObject({ changes: [], unreached: 0, unknownCredentials: 0, missing: 0 });
    expect(report.decisions).toBeGreaterThan(150);
  });

  it('changes in exactly what a tightened policy forbids', async () => {
    const noWhoami = decide('SSHChannelRequest', denyCommands(['whoami']), { phase: 'authorize' });
    const report = await replayWith(noWhoami);

    const asked: SSHChannelRequest[] = [];
    for await (const line of readRecording(recording)) {
      if (line.kind !== 'event' || line.event.type !== 'Decided' || line.event.outcome !== 'granted') continue;
      const { request } = line.event;
      if (request.type !== 'SSHChannelRequest' || request.detail.type !== 'exec') continue;
      if (request.detail.command === 'whoami') asked.push(request);
    }
    const place = ({ connection, channel, detail }: SSHChannelRequest) => ({ connection, channel, detail });
    expect(asked.length).toBeGreaterThan(3);
    // `as`: each request of the changes was an exec, or the comparison fails.
    expect(report.changes.map(({ request }) => place(request as SSHChannelRequest))).toEqual(asked.map(place));
    expect(report.changes).toMatchObject(
      asked.map(() => ({
        user: 'demo',
        recorded: { outcome: 'granted' },
        replayed: { outcome: 'denied', by: 'denyCommands' },
      })),
    );
    expect(report.summary).toEqual({
      byPolicy: { denyCommands: asked.length },
      bySource: { '127.0.0.1': asked.length },
      byUser: { demo: asked.length },
    });
  });

  it('has no password in it, and nothing that was typed', async () => {
    const names = (await readdir(site.folder)).filter((name) => name.endsWith('.jsonl'));
    const bytes = Buffer.concat(await Promise.all(names.map((name) => readFile(site.path(name)))));

    expect(bytes.includes('"type":"SSHUserAuthRequest"')).toBe(true);
    for (const secret of [WRONG_PASSWORD, STDIN.trim()]) {
      const raw = Buffer.from(secret);
      for (const form of [secret, raw.toString('base64').replace(/=+$/u, ''), raw.toString('hex')]) {
        expect(bytes.includes(form)).toBe(false);
      }
    }
  });
});
