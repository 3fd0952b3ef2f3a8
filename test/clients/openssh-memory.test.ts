import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClientSite } from '../support/client-site.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { STEADY_MEMORY } from '../support/reference-server.js';
import { requires } from '../support/requires.js';
import type { RunningProgram } from '../support/running-program.js';

const programs = requires(['ssh', 'ssh-keygen']);
const MIB = 1024 * 1024;
const ENDLESS = `source ${String(1024 * MIB)}`;
const ALLOWED = 8 * MIB;
const STEP_MS = 50;

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, memory of the server'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;
  /** What the server holds when it has served many and serves nobody. All growth counts from here, so none can hide. */
  let idle: number;

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen'), nodeFlags: STEADY_MEMORY });
    const { server, keys, environment: env } = site;
    ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
    // Code is compiled and pools are filled now, so that they do not count below.
    for (let round = 0; round < 6; round += 1) {
      await ssh.run(`source ${String(96 * MIB)}`);
      await ssh.run('cat', { input: Buffer.alloc(16 * MIB) });
    }
    idle = await site.server.residentBytes();
  });

  afterAll(() => site.close());

  /** The most that the server holds beyond what it held idle, while `step` is done again and again for `ms`. */
  async function growth(ms: number, step: () => Promise<void> | void): Promise<number> {
    let most = 0;
    for (let left = ms; left > 0; left -= STEP_MS) {
      await step();
      // The pace of the client is the subject here, not something to wait for.
      await pause(STEP_MS);
      most = Math.max(most, (await site.server.residentBytes()) - idle);
    }
    return most;
  }

  /** Takes `bytes` from what the program has written. */
  async function take({ stdout }: RunningProgram, bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) {
      const block = stdout.read(Math.min(left, stdout.readableLength)) as Buffer | null;
      if (block === null) await once(stdout, 'readable');
      else left -= block.length;
    }
  }

  it('ssh that reads one megabyte a second of a gigabyte costs the server less than 8 MiB', async () => {
    await using reader = ssh.startUnread(ENDLESS);
    let taken = 0;
    const most = await growth(5000, async () => {
      await take(reader, 1_000_000 / (1000 / STEP_MS));
      taken += 1_000_000 / (1000 / STEP_MS);
    });

    expect(most).toBeLessThan(ALLOWED);
    expect(taken).toBe(5_000_000);
    expect(reader.running).toBe(true);
  });

  it('ssh that stops reading in the middle of a gigabyte costs the server less than 8 MiB', async () => {
    await using reader = ssh.startUnread(ENDLESS);
    await take(reader, MIB);

    expect(await growth(3000, () => undefined)).toBeLessThan(ALLOWED);
    expect(reader.running).toBe(true);
  });

  it('ssh that sends without reading the echo costs the server less than 8 MiB, and is made to wait', async () => {
    await using echo = ssh.startUnread('cat', { keepInputOpen: true });
    echo.stdin.write(Buffer.alloc(64 * MIB));
    await take(echo, 1);

    expect(await growth(3000, () => undefined)).toBeLessThan(ALLOWED);
    // Most of it has not even left this process.
    expect(echo.stdin.writableLength).toBeGreaterThan(0);
    expect(echo.running).toBe(true);
  });

  it('after all of them the server has what it had and serves the next', async () => {
    for (let round = 0; round < 5; round += 1) {
      await using victim = ssh.startUnread(ENDLESS);
      await take(victim, 4 * MIB);
    }

    expect(await ssh.run('whoami')).toMatchObject({ status: 0 });
    expect((await site.server.residentBytes()) - idle).toBeLessThan(ALLOWED);
  });
});
