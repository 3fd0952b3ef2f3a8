import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';

import { firstValueFrom, NEVER, type Subscription, timer } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';

import {
  type Connection,
  type ConnectionInfo,
  createServer,
  decide,
  decideEach,
  exec,
  type ExecFunction,
  generateHostKey,
  grantPassword,
  on,
  penalties,
  type PolicyContext,
} from '../../src/index.js';
import {
  act,
  authRequest,
  channelRequest,
  leakCheck,
  type Leak,
  loopback,
  simulate,
  type SimulateOptions,
} from '../../src/testing/index.js';
import { connectClient, endOf } from './ssh2-client.js';

const { hostKey } = await generateHostKey();

const signIn = decide(
  'SSHUserAuthRequest',
  grantPassword(() => true),
);
const steps = { r: authRequest.password('ann', 'right'), x: channelRequest.exec('hello') };

/** A place in this file. */
const HERE: unknown = expect.stringContaining('leak-check.test.ts');

/** What test handlers leave behind, so that it can be put away. */
const leftovers: (() => void)[] = [];
afterEach(() => {
  for (const put of leftovers.splice(0)) put();
});

/** The leaks after one client has signed in, run `hello` and said goodbye. */
async function leaksOf(options: SimulateOptions, emitters: readonly EventEmitter[] = []): Promise<readonly Leak[]> {
  await using simulation = await simulate({ ...options, handlers: [signIn, ...(options.handlers ?? [])] });
  const check = await leakCheck(simulation, { emitters });
  try {
    simulation.client('192.0.2.7', 'crsx|', steps);
    await simulation.run('1s');
    return await check.leaks();
  } finally {
    check.stop();
  }
}

const hello = (service: ExecFunction['service'] = () => 'hello\n'): ExecFunction => exec('hello', service);

describe('a leak check of a simulation', () => {
  it('finds nothing if everything is given up', async () => {
    expect(await leaksOf({ handlers: [hello()] })).toEqual([]);
  });

  it('finds a subscription to the events, and where it was made', async () => {
    let kept: Subscription | undefined;
    leftovers.push(() => kept?.unsubscribe());
    const leaks = await leaksOf({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          decideEach('careless', (verdict) => {
            kept = verdict.context?.events.SSHChannelDataIn.subscribe();
            return verdict;
          }),
        ),
        hello(),
      ],
    });

    expect(leaks).toEqual([{ kind: 'subscription', what: 'to events.SSHChannelDataIn', at: HERE }]);
  });

  it('finds a subscription to the denials of a policy', async () => {
    let kept: Subscription | undefined;
    leftovers.push(() => kept?.unsubscribe());
    const leaks = await leaksOf({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          decideEach('careless', (verdict) => {
            kept = verdict.context?.denials.subscribe();
            return verdict;
          }),
        ),
        hello(),
      ],
    });

    expect(leaks).toEqual([{ kind: 'subscription', what: 'to denials', at: HERE }]);
  });

  it('counts no subscription that has ended by itself', async () => {
    const leaks = await leaksOf({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          decideEach('careful', (verdict) => {
            const subscription = verdict.context?.events.SSHChannelDataIn.subscribe();
            subscription?.unsubscribe();
            return verdict;
          }),
        ),
        hello(),
      ],
    });

    expect(leaks).toEqual([]);
  });

  it('finds work on the clock of the server, and where it was scheduled', async () => {
    const leaks = await leaksOf({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          decideEach('careless', (verdict) => {
            const { scheduler } = (verdict.context as PolicyContext).clock;
            leftovers.push(unsubscribing(timer(60_000, scheduler).subscribe()));
            return verdict;
          }),
        ),
        hello(),
      ],
    });

    expect(leaks).toEqual([{ kind: 'timer', what: 'after 60000 ms', at: HERE }]);
  });

  it('finds work that schedules itself again, and not what has run', async () => {
    const leaks = await leaksOf({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          decideEach('careless', (verdict) => {
            const { scheduler } = (verdict.context as PolicyContext).clock;
            leftovers.push(unsubscribing(timer(10, 300, scheduler).subscribe()));
            leftovers.push(unsubscribing(timer(10, scheduler).subscribe()));
            return verdict;
          }),
        ),
        hello(),
      ],
    });

    expect(leaks).toMatchObject([{ kind: 'timer', what: 'after 300 ms' }]);
  });

  it('finds timers of the process, and where they were set', async () => {
    const leaks = await leaksOf({
      handlers: [
        hello(() => {
          setInterval(() => undefined, 30_000);
          setTimeout(() => undefined, 5_000);
          setTimeout(() => undefined, 5);
          clearTimeout(setTimeout(() => undefined, 5_000));
          clearInterval(setInterval(() => undefined, 5_000));
          return 0;
        }),
      ],
    });

    expect(leaks).toEqual([
      { kind: 'timer', what: 'every 30000 ms', at: HERE },
      { kind: 'timer', what: 'after 5000 ms', at: HERE },
    ]);
  });

  it('finds listeners on the emitters of an application, and on the process', async () => {
    const bus = new EventEmitter();
    const onChange = (): void => undefined;
    const onWarning = (): void => undefined;
    leftovers.push(() => process.off('warning', onWarning));
    const leaks = await leaksOf(
      {
        handlers: [
          hello(() => {
            bus.on('change', onChange);
            bus.once('over', onChange).off('over', onChange);
            process.on('warning', onWarning);
            return 0;
          }),
        ],
      },
      [bus],
    );

    expect(leaks).toEqual([
      { kind: 'listener', what: "listener onWarning on 'warning' of process", at: '' },
      { kind: 'listener', what: "listener onChange on 'change' of an emitter (EventEmitter)", at: '' },
    ]);
  });

  it('finds a connection that somebody has kept', async () => {
    const kept: Connection[] = [];
    await using simulation = await simulate({ handlers: [signIn] });
    const check = await leakCheck(simulation);
    const subscription = simulation.server.events.ConnectionRequest.subscribe(({ connection }) => {
      const it = simulation.server.connection(connection.id);
      if (it !== undefined) kept.push(it);
      subscription.unsubscribe();
    });
    simulation.client('192.0.2.7', 'cr|', steps);
    simulation.client('192.0.2.8', ' cr|', steps);
    await simulation.run('1s');

    expect(await check.leaks()).toEqual([
      { kind: 'connection', what: 'c1 from 192.0.2.7 has ended, but something still refers to it', at: '' },
    ]);
    kept.length = 0;
    expect(await check.leaks()).toEqual([]);
    check.stop();
  });

  it('finds a table by connection that is never cleared', async () => {
    const table = new Map<ConnectionInfo, number>();
    const leaks = await leaksOf({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          decideEach('careless', (verdict) => {
            table.set(verdict.request.connection, 1);
            return verdict;
          }),
        ),
        hello(),
      ],
    });

    expect(leaks).toEqual([
      { kind: 'info', what: 'c1 from 192.0.2.7 has ended, but something still refers to its ConnectionInfo', at: '' },
    ]);
    expect(table.size).toBe(1);
  });

  it('finds a connection that has not ended', async () => {
    await using simulation = await simulate({ handlers: [signIn] });
    const check = await leakCheck(simulation);
    simulation.client('192.0.2.7', 'cr', steps);
    await simulation.run('1s');

    expect(await check.leaks()).toContainEqual({ kind: 'connection', what: 'c1 from 192.0.2.7 has not ended', at: '' });
    check.stop();
  });

  it('finds a request that a policy has not answered', async () => {
    await using simulation = await simulate({
      handlers: [decide('SSHUserAuthRequest', () => NEVER, { source: 'Desk.silent' })],
    });
    const check = await leakCheck(simulation);
    const ann = simulation.client('192.0.2.7', 'cr', steps);
    await simulation.run('1s');

    expect(await check.leaks()).toContainEqual({ kind: 'decision', what: '1 not answered by Desk.silent', at: '' });
    await Promise.race([ann.perform(act.hangUp()), simulation.run('40s')]);
    await simulation.run('1s');
    expect(await check.leaks()).toEqual([]);
    check.stop();
  });

  it('leaves out what was there before', async () => {
    await using simulation = await simulate({
      handlers: [signIn, decide('ConnectionRequest', penalties())],
    });
    setTimeout(() => undefined, 60_000);
    simulation.client('192.0.2.7', 'cr|', steps);
    await simulation.run('1s');
    await using check = await leakCheck(simulation);
    simulation.client('192.0.2.7', 'cr|', steps);
    await simulation.run('1s');

    expect(await check.leaks()).toEqual([]);
  });

  it('leaves out what is allowed', async () => {
    await using simulation = await simulate({
      handlers: [
        signIn,
        hello(() => {
          setTimeout(() => undefined, 60_000);
          setTimeout(() => undefined, 70_000);
          return 0;
        }),
      ],
    });
    const check = await leakCheck(simulation, { allow: ({ what }) => what === 'after 60000 ms' });
    simulation.client('192.0.2.7', 'crsx|', steps);
    await simulation.run('1s');

    expect(await check.leaks()).toMatchObject([{ kind: 'timer', what: 'after 70000 ms' }]);
    check.stop();
  });

  it('fails what it ends with, listing each leak and its place', async () => {
    await using simulation = await simulate({
      handlers: [
        signIn,
        hello(() => {
          setTimeout(() => undefined, 60_000);
          return 0;
        }),
      ],
    });
    const checked = leakCheck(simulation, async () => {
      simulation.client('192.0.2.7', 'crsx', steps);
      await simulation.run('1s');
    });

    await expect(checked).rejects.toMatchObject({ code: 'ERR_ASSERTION' });
    await expect(checked).rejects.toThrow(
      /^2 things of connections outlived them:\n  connection: c1 from 192\.0\.2\.7 has not ended\n  timer: after 60000 ms\n      at .*leak-check\.test\.ts/,
    );
  });

  it('lists what is there many times once', async () => {
    await using simulation = await simulate({
      handlers: [
        signIn,
        hello(() => {
          for (let count = 0; count < 3; count += 1) setTimeout(() => undefined, 60_000);
          return 0;
        }),
      ],
    });
    const checked = leakCheck(simulation, async () => {
      simulation.client('192.0.2.7', 'crsx|', steps);
      await simulation.run('1s');
    });

    await expect(checked).rejects.toThrow(
      /^3 things of connections outlived them:\n  3 times timer: after 60000 ms\n      at [^\n]*\n(?!.*timer)/s,
    );
  });

  it('returns what the body returns, and throws what the body throws', async () => {
    await using simulation = await simulate({ handlers: [signIn] });

    expect(await leakCheck(simulation, () => 7)).toBe(7);
    const failing = leakCheck(simulation, () => {
      setTimeout(() => undefined, 60_000);
      throw new RangeError('of the test');
    });
    await expect(failing).rejects.toThrow(new RangeError('of the test'));
  });

  it('gives everything back that it has replaced, and refuses a second one meanwhile', async () => {
    await using simulation = await simulate({ handlers: [signIn] });
    const { server, clock } = simulation;
    const parts = () => [setTimeout, setInterval, clearTimeout, clearInterval, server.serve, clock.scheduler.schedule];
    const streams = () => Object.values(server.events).map((event$): unknown => Reflect.get(event$, 'subscribe'));
    const before = [...parts(), ...streams()];
    const check = await leakCheck(simulation);

    await expect(leakCheck(simulation)).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
    check.stop();
    const after = [...parts(), ...streams()];
    expect(after.every((it, index) => it === before[index])).toBe(true);
    expect(Object.hasOwn(server, 'serve')).toBe(false);
  });
});

describe('a leak check of a real server', () => {
  it('finds nothing after a client in memory has gone, nor after one over TCP', async () => {
    await using server = await createServer({ hostKeys: [hostKey], handlers: [signIn, hello()] });
    const address = await server.listen({ port: 0, host: '127.0.0.1' });
    const port = typeof address === 'string' ? 0 : address.port;
    await using check = await leakCheck(server);

    const near = await connectClient({ sock: loopback(server) });
    near.end();
    await endOf(near);
    const far = await connectClient({ host: '127.0.0.1', port });
    far.end();
    await endOf(far);

    expect(await check.leaks()).toEqual([]);
  });

  it('finds a listener on the stream that was served, and the timer and the connection of a handler', async () => {
    const kept: unknown[] = [];
    await using server = await createServer({
      hostKeys: [hostKey],
      handlers: [
        signIn,
        on('Connected', (connected$) => {
          const subscription = connected$.subscribe(({ connection }) => {
            kept.push(server.connection(connection.id));
            const beat = setInterval(() => undefined, 60_000);
            leftovers.push(() => {
              clearInterval(beat);
            });
          });
          leftovers.push(unsubscribing(subscription));
          return NEVER;
        }),
      ],
    });
    const check = await leakCheck(server, { waitMs: 0 });
    const { serve } = server;
    const onPause = (): void => undefined;
    server.serve = async (stream, peer) => {
      const id = await serve(stream, peer);
      stream.on('pause', onPause);
      return id;
    };
    const stream = loopback(server);
    server.serve = serve;
    const client = await connectClient({ sock: stream });
    client.end();
    await endOf(client);
    await stream[Symbol.asyncDispose]();

    expect(await check.leaks()).toEqual([
      { kind: 'connection', what: 'c1 from 127.0.0.1 has ended, but something still refers to it', at: '' },
      { kind: 'timer', what: 'every 60000 ms', at: HERE },
      { kind: 'listener', what: "listener onPause on 'pause' of the stream that was served", at: '' },
    ]);
    check.stop();
    expect(kept).toHaveLength(1);
  });

  it('finds a listener on a socket that it accepted, if somebody has kept that', async () => {
    const kept: unknown[] = [];
    const keep = (message: unknown): void => {
      const socket: unknown = Reflect.get(Object(message), 'socket');
      if (socket instanceof Socket) kept.push(socket.on('timeout', () => undefined));
    };
    await using server = await createServer({ hostKeys: [hostKey], handlers: [signIn] });
    const address = await server.listen({ port: 0, host: '127.0.0.1' });
    const port = typeof address === 'string' ? 0 : address.port;
    const check = await leakCheck(server, { waitMs: 0 });
    subscribe('net.server.socket', keep);
    leftovers.push(() => unsubscribe('net.server.socket', keep));
    const client = await connectClient({ host: '127.0.0.1', port });
    const disconnected = firstValueFrom(server.events.Disconnected);
    client.end();
    await Promise.all([endOf(client), disconnected]);

    expect(kept).toHaveLength(1);
    expect((await check.leaks()).filter(({ kind }) => kind === 'listener')).toEqual([
      { kind: 'listener', what: "a listener on 'timeout' of the socket that was accepted", at: '' },
    ]);
    check.stop();
  });

  it('waits for an end that is under way', async () => {
    await using server = await createServer({ hostKeys: [hostKey], handlers: [signIn] });
    const address = await server.listen({ port: 0, host: '127.0.0.1' });
    const port = typeof address === 'string' ? 0 : address.port;
    await using check = await leakCheck(server);
    const client = await connectClient({ host: '127.0.0.1', port });
    client.end();

    expect(await check.leaks()).toEqual([]);
  });
});

function unsubscribing(subscription: Subscription): () => void {
  return () => {
    subscription.unsubscribe();
  };
}
