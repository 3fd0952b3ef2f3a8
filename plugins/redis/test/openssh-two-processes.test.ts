import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { OpenSshClient } from '../../../test/support/openssh-client.js';
import { requires } from '../../../test/support/requires.js';
import { type FinishedProgram, RunningProgram } from '../../../test/support/running-program.js';
import { RedisServer } from './redis-server.js';

const programs = requires(['ssh', 'sshpass', 'redis-server']);

const ROOT = path.resolve(import.meta.dirname, '../../..');
const FIXTURE = 'plugins/redis/test/fixtures/guarded-server.ts';

/** Two servers start, and real clients run, on a machine that may be busy. */
const TIMEOUT_MS = 60_000;

type Guard = 'rateLimit' | 'banAfter';

/** A server in a process of its own, and OpenSSH's client in others. */
class GuardedServer {
  readonly #program: RunningProgram;
  readonly #client: OpenSshClient;

  private constructor(program: RunningProgram, port: number) {
    this.#program = program;
    this.#client = new OpenSshClient({ program: programs.path('ssh'), server: { host: '127.0.0.1', port }, env: {} });
  }

  /** Settles once it listens. */
  static async start(redis: RedisServer, guard: Guard, count: number): Promise<GuardedServer> {
    const args = ['--import', 'tsx', FIXTURE, redis.socket, guard, String(count)];
    const program = RunningProgram.start(process.execPath, args, { cwd: ROOT, deadlineMs: 2 * TIMEOUT_MS });
    const [, port] = await program.said(/listening on port (\d+)/);
    return new GuardedServer(program, Number(port));
  }

  /** Signs in with `password` and runs a command that ends at once. */
  signIn(password = 'demo'): Promise<FinishedProgram> {
    return this.#client.runWithPassword(programs.path('sshpass'), password, 'true');
  }

  /** How often it has denied for `reason` so far. */
  denials(reason: string): number {
    return this.#program.stdoutSoFar.split(`denied: ${reason} by`).length - 1;
  }

  /** Settles once it has printed `pattern`. */
  said(pattern: RegExp): Promise<unknown> {
    return this.#program.said(pattern);
  }

  end(): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}

/** The client was let in and its command ran. */
const LET_IN = { status: 0 };
/** The server took the connection and refused the password. */
const REFUSED = { status: 255, stderr: expect.stringContaining('Permission denied') as unknown };
/** The server did not even say who it is. */
const TURNED_AWAY = { status: 255, stderr: expect.stringMatching(/closed|reset/i) as unknown };

/** What another process does, or says, may come later than the end of the client that brought it about. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: TIMEOUT_MS / 2 });

const suite = describe.skipIf(programs.missing.length > 0);

suite(programs.title('two processes that share a Redis, and OpenSSH'), { timeout: TIMEOUT_MS }, () => {
  let redis: RedisServer;
  const servers: GuardedServer[] = [];

  beforeEach(async () => {
    redis = await RedisServer.start();
  }, TIMEOUT_MS);

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.end()));
    await redis[Symbol.asyncDispose]();
  }, TIMEOUT_MS);

  const startTwo = async (guard: Guard, count: number): Promise<readonly [GuardedServer, GuardedServer]> => {
    const start = async (): Promise<GuardedServer> => {
      const server = await GuardedServer.start(redis, guard, count);
      servers.push(server);
      return server;
    };
    return Promise.all([start(), start()]);
  };

  const bans = (): Promise<readonly string[]> => redis.ask((client) => client.keys('*banAfter/ban/*'));

  it('enforce one rate limit: the password that is one too many is refused, wherever it is tried', async () => {
    const [one, two] = await startTwo('rateLimit', 3);

    expect(await one.signIn()).toMatchObject(LET_IN);
    expect(await two.signIn()).toMatchObject(LET_IN);
    expect(await one.signIn()).toMatchObject(LET_IN);
    // The second that this one sees, and the fourth of all.
    expect(await two.signIn()).toMatchObject(REFUSED);
    expect(await one.signIn()).toMatchObject(REFUSED);
    await eventually(() => [one, two].map((server) => server.denials('rate-limited'))).toEqual([1, 1]);
  });

  it('add up wrong passwords: neither has seen enough for the ban that both enforce', async () => {
    const [one, two] = await startTwo('banAfter', 3);

    expect(await one.signIn('wrong')).toMatchObject(REFUSED);
    expect(await two.signIn('wrong')).toMatchObject(REFUSED);
    expect(await two.signIn()).toMatchObject(LET_IN);
    expect(await bans()).toEqual([]);
    expect(await one.signIn('wrong')).toMatchObject(REFUSED);
    await eventually(bans).toHaveLength(1);
    expect(await two.signIn()).toMatchObject(TURNED_AWAY);
    expect(await one.signIn()).toMatchObject(TURNED_AWAY);
    await eventually(() => [one, two].map((server) => server.denials('banned'))).toEqual([1, 1]);
  });

  it('share bans: one that was earned at the one holds at the other', async () => {
    const [one, two] = await startTwo('banAfter', 1);

    expect(await one.signIn('wrong')).toMatchObject(REFUSED);
    await eventually(bans).toHaveLength(1);
    expect(await two.signIn()).toMatchObject(TURNED_AWAY);
    await eventually(() => [one, two].map((server) => server.denials('banned'))).toEqual([0, 1]);
  });

  it('refuse the right password while their limit cannot be asked, and say why', async () => {
    const both = await startTwo('rateLimit', 100);
    for (const server of both) expect(await server.signIn()).toMatchObject(LET_IN);
    await redis.kill();

    for (const server of both) {
      expect(await server.signIn()).toMatchObject(REFUSED);
      await server.said(/Error in LimitedDesk\.signIn: ERR_SSH_POLICY_FAILED .*Redis/);
      await eventually(() => server.denials('policy-failed')).toBe(1);
    }
  });

  it('let nobody in at all while their bans cannot be asked, and say why', async () => {
    const both = await startTwo('banAfter', 100);
    for (const server of both) expect(await server.signIn()).toMatchObject(LET_IN);
    await redis.kill();

    for (const server of both) {
      expect(await server.signIn()).toMatchObject(TURNED_AWAY);
      await server.said(/Error in GuardedDoor\.enter: ERR_SSH_POLICY_FAILED .*Redis/);
      await eventually(() => server.denials('policy-failed')).toBe(1);
    }
  });
});
