import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh', 'ssh-keygen']);
const MIB = 1024 * 1024;

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, sessions'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen'), settings: { ACCEPT_ENV: 'QA_*,LANG' } });
    const { server, keys, environment: env } = site;
    ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
  });

  afterAll(() => site.close());

  it.each([0, 1, 7, 127, 254, 255])('ssh returns exit status %i', async (status) => {
    expect(await ssh.run(`exit ${String(status)}`)).toMatchObject({ status, stderr: '' });
  });

  it.each(['TERM', 'KILL', 'SEGV', 'USR1'])(
    'ssh returns 255 for a program killed by %s, told by exit-signal',
    async (name) => {
      const { status, stderr } = await ssh.run(`signal ${name}`, { settings: ['LogLevel=DEBUG1'] });

      expect(status).toBe(255);
      expect(stderr).toContain('rtype exit-signal');
      expect(stderr).toContain('Exit status -1');
    },
  );

  it.each([
    ['BUS', 128 + 7],
    ['SYS', 128 + 31],
    ['TRAP', 128 + 5],
    ['XCPU', 128 + 24],
  ])('ssh returns the status of a shell for %s, which RFC 4254 has no name for', async (name, status) => {
    expect(await ssh.run(`signal ${name}`)).toMatchObject({ status, stderr: '' });
  });

  it('ssh with EOF at once gets an empty answer, every time', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => ssh.run('cat')));

    for (const run of runs) expect(run).toMatchObject({ status: 0, stderr: '', stdout: Buffer.alloc(0) });
  });

  it('ssh gets an unknown command refused', async () => {
    const { status } = await ssh.run('no-such-word');

    expect(status).toBeGreaterThan(0);
  });

  it('ssh -N keeps a connection without a session', async () => {
    await using idle = ssh.start(undefined, { flags: ['-N'], settings: ['LogLevel=DEBUG1'], keepInputOpen: true });
    await idle.said(/Entering interactive session/u);

    // A session of somebody else comes and goes; the idle connection is still there.
    expect(await ssh.run('true')).toMatchObject({ status: 0 });
    expect(idle.running).toBe(true);
  });

  it('ssh without a terminal feeds the shell its lines and gets the status of exit', async () => {
    const { status, stdout } = await ssh.run(undefined, { input: 'whoami\nexit 3\nwhoami\n' });

    expect(status).toBe(3);
    expect(stdout.toString().match(/^.*demo$/gmu)).toHaveLength(1);
  });

  it('ssh ends the shell with the end of its input', async () => {
    const { status, stdout } = await ssh.run(undefined, { input: 'whoami\n' });

    expect(status).toBe(0);
    expect(stdout.toString()).toContain('demo\n');
  });

  it('ssh hands over the variables that are accepted and no others', async () => {
    const { status, stdout } = await ssh.run('env', {
      settings: ['SendEnv=QA_ONE QA_TWO NOT_ACCEPTED', 'SetEnv=QA_SET=set'],
      env: { QA_ONE: 'one', QA_TWO: 'zwei mit Ümlaut', NOT_ACCEPTED: 'no' },
    });

    expect(status).toBe(0);
    const lines = stdout.toString().split('\n');
    expect(lines).toEqual(expect.arrayContaining(['QA_ONE=one', 'QA_TWO=zwei mit Ümlaut', 'QA_SET=set']));
    expect(stdout.toString()).not.toContain('NOT_ACCEPTED');
  });

  it('ssh that asks for signs of life gets them while a command is silent', async () => {
    const { status, stderr } = await ssh.run('sleep 3', {
      settings: ['ServerAliveInterval=1', 'ServerAliveCountMax=1', 'LogLevel=DEBUG3'],
    });

    expect(status).toBe(0);
    // Global requests of the client, and an answer to each: REQUEST_FAILURE, since keepalive@openssh.com means nothing.
    expect(stderr.match(/send packet: type 80$/gmu)?.length).toBeGreaterThanOrEqual(2);
    expect(stderr.match(/receive packet: type 82$/gmu)?.length).toBeGreaterThanOrEqual(2);
  });

  it('ssh that stops reading for three seconds misses nothing', async () => {
    const size = 32 * MIB;
    await using reader = ssh.startUnread(`source ${String(size)}`);
    let received = 0;
    reader.stdout.on('data', (block: Buffer) => (received += block.length));
    await once(reader.stdout, 'data');
    reader.stdout.pause();
    // Not to wait for something, but because a client that does nothing for so long is the point.
    await pause(3000);
    const before = received;
    reader.stdout.resume();

    expect(await reader.finished).toMatchObject({ status: 0 });
    expect(before).toBeLessThan(size);
    expect(received).toBe(size);
  });

  it('ssh killed in the middle of a stream leaves a server that serves the next', async () => {
    // Warm: the first megabytes of any stream make the process grow once.
    await ssh.run(`source ${String(64 * MIB)}`);
    const before = await site.server.residentBytes();
    for (let round = 0; round < 8; round += 1) {
      const command = round % 2 === 0 ? 'cat' : `source ${String(1024 * MIB)}`;
      await using victim = ssh.startUnread(command, { input: randomBytes(4 * MIB), keepInputOpen: true });
      await once(victim.stdout, 'data');
      victim.kill('SIGKILL');
      expect(await victim.finished).toMatchObject({ signal: 'SIGKILL' });
    }

    expect(await ssh.run('whoami')).toMatchObject({ status: 0, stdout: Buffer.from('demo\n') });
    expect((await site.server.residentBytes()) - before).toBeLessThan(32 * MIB);
  });

  it('twenty ssh at once each get their own bytes back', async () => {
    const inputs = Array.from({ length: 20 }, () => randomBytes(256 * 1024));
    const runs = await Promise.all(inputs.map((input) => ssh.run('cat', { input })));

    expect(runs.map(({ status }) => status)).toEqual(inputs.map(() => 0));
    expect(runs.map(({ stdout }) => digest(stdout))).toEqual(inputs.map(digest));
  });
});
