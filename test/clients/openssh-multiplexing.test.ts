import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import type { RunningProgram } from '../support/running-program.js';

const programs = requires(['ssh', 'ssh-keygen']);
const AT_ONCE = 32;
const IN_A_ROW = 60;

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, multiplexing'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;
  let master: RunningProgram;
  let socket: string;

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen') });
    const { server, keys, environment: env } = site;
    ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
    socket = site.path('mux');
    master = ssh.start(undefined, {
      flags: ['-M', '-N', '-S', socket],
      settings: ['LogLevel=DEBUG1'],
      keepInputOpen: true,
      deadlineMs: 600_000,
    });
    await master.said(/multiplexing control connection|Entering interactive session/u);
  });

  afterAll(async () => {
    await master[Symbol.asyncDispose]();
    await site.close();
  });

  /** A session over the master's connection. Without the socket it fails: no port of that number listens. */
  const session = (command: string, input?: Buffer) =>
    ssh.start(command, {
      flags: ['-S', socket],
      settings: ['ControlMaster=no', 'ProxyCommand=false'],
      ...(input === undefined ? {} : { input, keepInputOpen: true }),
    });

  it(`ssh holds ${String(AT_ONCE)} sessions open on one connection, each with its own bytes`, async () => {
    const inputs = Array.from({ length: AT_ONCE }, () =>
      Buffer.from(`${randomBytes(48 * 1024).toString('hex')} end\n`),
    );
    const sessions = inputs.map((input) => session('cat', input));
    // All of them have echoed their last byte before the first one ends: so all were open at the same time.
    await Promise.all(sessions.map((it) => it.said(/ end\n/u)));
    for (const { stdin } of sessions) stdin.end();
    const finished = await Promise.all(sessions.map((it) => it.finished));

    expect(finished.map(({ status }) => status)).toEqual(inputs.map(() => 0));
    expect(finished.map(({ stdout }) => digest(stdout))).toEqual(inputs.map(digest));
  });

  it(`ssh opens and closes ${String(IN_A_ROW)} sessions in a row on one connection`, async () => {
    for (let ordinal = 0; ordinal < IN_A_ROW; ordinal += 1) {
      const status = ordinal % 100;
      expect((await session(`exit ${String(status)}`).finished).status, `session ${String(ordinal)}`).toBe(status);
    }
  });

  it('ssh runs a short command while another session streams', async () => {
    const sink = session('sink', randomBytes(16 * 1024 * 1024));
    const { status, stdout } = await session('whoami').finished;

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
    expect(sink.running).toBe(true);
    sink.stdin.end();
    expect(await sink.finished).toMatchObject({ status: 0 });
  });

  it('all of it was one connection', () => {
    expect(master.running).toBe(true);
    expect(master.stderrSoFar.match(/Authenticated to/gu)).toHaveLength(1);
  });
});
