import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { concat, defer, EMPTY, finalize, from, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import type { SshServerError } from '../../../src/errors.js';
import { runService, type RunServiceOptions } from '../../../src/handlers/sessions/run-service.js';
import type { Service } from '../../../src/handlers/sessions/service.js';
import type { Session } from '../../../src/handlers/sessions/session.js';
import { deferred } from '../../support/deferred.js';
import { drain } from '../../support/drain.js';
import { FakeChannel, type FakeChannelOptions } from '../../support/fake-channel.js';

/** Lets everything run that is only waiting for its turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Started {
  readonly channel: FakeChannel;
  readonly failures: readonly SshServerError[];
}

const start = (
  service: Service,
  channelOptions: FakeChannelOptions = {},
  options: Partial<RunServiceOptions> = {},
): Started => {
  const channel = new FakeChannel(channelOptions);
  const failures: SshServerError[] = [];
  runService(channel, service, { source: 'Desk.work', onFailure: (error) => failures.push(error), ...options });
  return { channel, failures };
};

/** Starts a service and waits for the end of its channel. */
const run = async (...args: Parameters<typeof start>): Promise<Started> => {
  const started = start(...args);
  await started.channel.closing;
  return started;
};

describe('what a service returns', () => {
  it.each<[string, Service, string, string]>([
    ['nothing', () => undefined, '', 'exit-status 0'],
    ['text', () => 'up\n', 'up\n', 'exit-status 0'],
    ['bytes', () => Buffer.from('up\n'), 'up\n', 'exit-status 0'],
    ['a number', () => 3, '', 'exit-status 3'],
    ['a report with a status', () => ({ exitStatus: 4 }), '', 'exit-status 4'],
    ['a report with a signal', () => ({ exitSignal: 'TERM' }), '', 'exit-signal TERM'],
    [
      'a report with all there is to say',
      () => ({ exitSignal: 'SEGV', coreDumped: true, message: 'oops' }),
      '',
      'exit-signal SEGV core oops',
    ],
    ['a promise of nothing', () => Promise.resolve(), '', 'exit-status 0'],
    ['a promise of text', () => Promise.resolve('late\n'), 'late\n', 'exit-status 0'],
    ['a promise of a number', () => Promise.resolve(5), '', 'exit-status 5'],
    ['an Observable', () => of('a', Buffer.from('b'), 'c'), 'abc', 'exit-status 0'],
    ['an Observable that ends with a number', () => of('a', 6), 'a', 'exit-status 6'],
    ['an Observable without values', () => EMPTY, '', 'exit-status 0'],
    ['an array', () => ['a', 'b', 7], 'ab', 'exit-status 7'],
    ['an async iterable', () => Readable.from(['a', 'b']), 'ab', 'exit-status 0'],
    [
      'a generator that yields its status',
      function* () {
        yield 'a';
        yield 8;
        yield 'never';
      },
      'a',
      'exit-status 8',
    ],
    [
      'a generator that returns its status',
      async function* () {
        yield 'a';
        return 9;
      },
      'a',
      'exit-status 9',
    ],
  ])('may be %s', async (_what, service, output, exit) => {
    const { channel, failures } = await run(service);
    expect(channel.output).toBe(output);
    expect(channel.told.slice(-3)).toEqual([exit, 'eof', 'close']);
    expect(failures).toEqual([]);
  });

  it('counts its first exit and nothing after it', async () => {
    const { channel } = await run(() => of(1, 'late', 2));
    expect(channel.told).toEqual(['exit-status 1', 'eof', 'close']);
  });

  it('ends an Observable that would go on for ever behind its exit', async () => {
    let last = 0;
    await run(
      () =>
        new Observable((subscriber) => {
          subscriber.next(0);
          for (last = 0; !subscriber.closed && last < 1000; last += 1) subscriber.next('more');
        }),
    );
    expect(last).toBe(0);
  });

  it.each<[string, unknown]>([
    ['a boolean', true],
    ['null', null],
    ['a status below 0', -1],
    ['a status beyond 32 bits', 2 ** 32],
    ['a fraction', 1.5],
    ['a report without sense', { exitStatus: 'high' }],
    ['an object that is no stream', { some: 'thing' }],
    ['a stream of what is no output', of({ some: 'thing' })],
  ])('fails if it is %s', async (_what, result) => {
    // What JavaScript lets through.
    const { channel, failures } = await run(() => result as string);
    expect(channel.told).toEqual(['exit-status 1', 'eof', 'close']);
    expect(failures).toMatchObject([{ code: 'ERR_SSH_HANDLER_FAILED' }]);
    expect(failures[0]?.message).toMatch(/^Desk\.work failed: /);
  });
});

describe('a service that fails', () => {
  const secret = new Error('secret detail');
  it.each<[string, Service]>([
    [
      'throws',
      () => {
        throw secret;
      },
    ],
    ['rejects', () => Promise.reject(secret)],
    ['errors', () => throwError(() => secret)],
    [
      'throws in a generator',
      async function* () {
        yield '';
        throw secret;
      },
    ],
  ])('ends with status 1, an error report and no word to the client if it %s', async (_how, service) => {
    const { channel, failures } = await run(service);
    expect(channel.told).toEqual(['exit-status 1', 'eof', 'close']);
    expect(failures).toMatchObject([
      { code: 'ERR_SSH_HANDLER_FAILED', message: 'Desk.work failed: secret detail', cause: secret },
    ]);
  });

  it('keeps the output that came before', async () => {
    const { channel } = await run(() =>
      concat(
        of('partial\n'),
        throwError(() => secret),
      ),
    );
    expect(channel.output).toBe('partial\n');
    expect(channel.told).toEqual(['data 8', 'exit-status 1', 'eof', 'close']);
  });

  it('is reported as AbortError too while the channel is open', async () => {
    const { failures } = await run(() => Promise.reject(new DOMException('not ours', 'AbortError')));
    expect(failures).toHaveLength(1);
  });
});

describe('the end of a service', () => {
  it('waits for the client to take all output, then says the exit, EOF and closes', async () => {
    const { channel } = start(() => 'x'.repeat(10), { window: 4 });
    await turn();
    expect(channel.told).toEqual(['data 4']);
    channel.widen(100);
    await channel.closing;
    expect(channel.told).toEqual(['data 4', 'data 6', 'exit-status 0', 'eof', 'close']);
  });

  it('waits for standard error too', async () => {
    const { channel } = start(
      (session) => {
        session.stderr.write('error');
        return 2;
      },
      { window: 0 },
    );
    await turn();
    expect(channel.told).toEqual([]);
    channel.widen(5);
    await channel.closing;
    expect(channel.told).toEqual(['stderr 5', 'exit-status 2', 'eof', 'close']);
  });

  it('is not disturbed by code that writes on after the exit', async () => {
    const { channel, failures } = start(
      async (session) => {
        for (let i = 0; i < 5; i += 1) session.stdout.write('12345');
        session.exit(3);
        await Promise.resolve();
        session.stdout.write('late');
        return 4;
      },
      { window: 0 },
    );
    await turn();
    for (let i = 0; i < 10; i += 1) {
      channel.widen(5);
      await turn();
    }
    expect(channel.output.slice(0, 25)).toBe('12345'.repeat(5));
    expect(channel.told.slice(-3)).toEqual(['exit-status 3', 'eof', 'close']);
    expect(failures).toEqual([]);
  });

  it('lets nothing more be written, however long the client takes to close', async () => {
    const outcome = deferred<Session>();
    const { channel } = start((session) => {
      outcome.resolve(session);
      return NEVER;
    });
    vi.spyOn(channel, 'close').mockReturnValue(undefined);
    const session = await outcome.promise;
    session.exit(0);
    await turn();
    await expect(session.write('late')).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
    expect(channel.told).toEqual(['exit-status 0', 'eof']);
    expect(channel.stream.errored).toBeNull();
  });

  it('leaves no listener on the channel', async () => {
    const { channel } = await run(() => 'done');
    expect(getEventListeners(channel.signal, 'abort')).toEqual([]);
    expect(channel.stream.listenerCount('data')).toBe(0);
  });

  it('comes at once with session.exit, whatever the service is doing', async () => {
    const { channel } = await run((session) => {
      session.exit({ exitSignal: 'KILL' });
      return NEVER;
    });
    expect(channel.told).toEqual(['exit-signal KILL', 'eof', 'close']);
  });

  it('may be called for from inside a generator', async () => {
    let released = false;
    const { channel, failures } = await run(function* (session) {
      try {
        session.exit(7);
        yield 'never seen';
      } finally {
        released = true;
      }
    });
    expect(channel.told).toEqual(['exit-status 7', 'eof', 'close']);
    expect(released).toBe(true);
    expect(failures).toEqual([]);
  });

  it('ends what still reads', async () => {
    const outcome = deferred<unknown>();
    await run(async function* (session) {
      drain(session.lines).catch(outcome.resolve);
      await Promise.resolve();
      yield 0;
    });
    await expect(outcome.promise).resolves.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
  });

  it('refuses an exit status that cannot be sent, in the face of who asked for it', async () => {
    const { channel, failures } = await run((session) => {
      expect(() => {
        session.exit(256.5);
      }).toThrow(RangeError);
      return 1;
    });
    expect(channel.told[0]).toBe('exit-status 1');
    expect(failures).toEqual([]);
  });
});

describe('a client that goes away', () => {
  it('unsubscribes an Observable', async () => {
    const released = vi.fn();
    const { channel, failures } = start(() => NEVER.pipe(finalize(released)));
    channel.vanish();
    await turn();
    expect(released).toHaveBeenCalledOnce();
    expect(failures).toEqual([]);
  });

  it('returns an iterator that waits for the client to read', async () => {
    const released = vi.fn();
    const { channel, failures } = start(
      async function* () {
        try {
          for (;;) yield 'output';
        } finally {
          released();
        }
      },
      { window: 10 },
    );
    await turn();
    expect(released).not.toHaveBeenCalled();
    channel.vanish();
    await turn();
    expect(released).toHaveBeenCalledOnce();
    expect(failures).toEqual([]);
  });

  it('returns an iterator that waits for input', async () => {
    const released = vi.fn();
    const { channel, failures } = start(async function* (session) {
      try {
        for await (const line of session.lines) yield line;
      } finally {
        released();
      }
    });
    channel.send('a\n');
    await turn();
    expect(channel.output).toBe('a');
    channel.vanish();
    await turn();
    expect(released).toHaveBeenCalledOnce();
    expect(failures).toEqual([]);
  });

  it('returns an iterator that a promise brings only later', async () => {
    const late = deferred<Iterable<string>>();
    const released = vi.fn();
    const { channel } = start(() => late.promise as Promise<string>);
    channel.vanish();
    late.resolve({ [Symbol.iterator]: () => ({ next: () => ({ value: 'x' }), return: released }) });
    await turn();
    expect(released).toHaveBeenCalledOnce();
  });

  it('fails a write that waits for it, so that a loop of writes ends', async () => {
    const outcome = deferred<unknown>();
    const { channel, failures } = start(
      async (session) => {
        try {
          for (;;) await session.write('x'.repeat(10));
        } catch (error) {
          outcome.resolve(error);
          throw error;
        }
      },
      { window: 25 },
    );
    await turn();
    channel.vanish();
    await expect(outcome.promise).resolves.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
    expect(failures).toEqual([]);
  });

  it('fails reading before EOF, so that half a file is not taken for a whole one', async () => {
    const outcome = deferred<unknown>();
    const { channel, failures } = start(async (session) => {
      await pipeline(session.stdin, drain).catch((error: unknown) => {
        outcome.resolve(error);
        throw error;
      });
    });
    channel.send('half');
    await turn();
    channel.vanish();
    await expect(outcome.promise).resolves.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
    await turn();
    expect(failures).toEqual([]);
  });

  it('aborts the signal, and the echo of the abort is not reported', async () => {
    const { channel, failures } = start(async ({ signal }) => {
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    });
    channel.vanish();
    await turn();
    expect(failures).toEqual([]);
  });

  it('does not hide what really goes wrong while a service cleans up', async () => {
    const { channel, failures } = start(async function* () {
      try {
        for (;;) yield await Promise.resolve('');
      } finally {
        throw new Error('cannot unlock');
      }
    });
    channel.vanish();
    await turn();
    expect(failures).toMatchObject([{ message: 'Desk.work failed: cannot unlock' }]);
  });

  it('is told no exit while its last output was on the way', async () => {
    const { channel } = start(() => 'output', { window: 0 });
    await turn();
    channel.vanish();
    await turn();
    expect(channel.told).toEqual([]);
  });

  it('leaves nothing told and nothing listening', async () => {
    const { channel } = start(() => NEVER);
    channel.vanish();
    await turn();
    expect(channel.told).toEqual([]);
    expect(channel.stream.listenerCount('data')).toBe(0);
  });

  it('before the service starts means that it does not start', () => {
    const channel = new FakeChannel();
    channel.vanish();
    const service = vi.fn();
    runService(channel, service, { source: 'Desk.work', onFailure: () => undefined });
    expect(service).not.toHaveBeenCalled();
  });

  it('does not end the process if a service forgot to wait for its output', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const { channel } = start(
      (session) => {
        void session.write('x'.repeat(100_000));
        return NEVER;
      },
      { window: 0 },
    );
    channel.vanish();
    await turn();
    await turn();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('back-pressure', () => {
  it('pulls an iterable only as fast as the client reads', async () => {
    let pulled = 0;
    const { channel } = start(
      async function* () {
        for (; pulled < 1000; pulled += 1) yield 'x'.repeat(8 * 1024);
      },
      { window: 16 * 1024 },
    );
    await turn();
    const ahead = pulled;
    expect(ahead).toBeLessThan(10);
    await turn();
    expect(pulled).toBe(ahead);
    channel.widen(8 * 1024);
    await turn();
    expect(pulled).toBeGreaterThan(ahead - 1);
    expect(pulled).toBeLessThan(ahead + 10);
    channel.vanish();
    await turn();
  });

  it('bounds what an Observable may run ahead, fails the service and keeps nothing', async () => {
    const source = new Subject<string>();
    const { channel, failures } = start(() => source, { window: 0 }, { maxBufferedBytes: 50_000 });
    for (let i = 0; i < 100; i += 1) source.next('x'.repeat(1000));
    expect(failures).toMatchObject([{ code: 'ERR_SSH_CHANNEL' }]);
    expect(failures[0]?.message).toContain('Desk.work emitted 50000 bytes more than the client would read');
    expect(source.observed).toBe(false);
    await turn();
    channel.widen(20_000);
    await channel.closing;
    expect(channel.told).toContain('exit-status 1');
    expect(channel.output.length).toBeLessThanOrEqual(20_000);
  });

  it('lets an Observable run up to its bound', async () => {
    const { channel, failures } = start(
      () => from(Array.from({ length: 40 }, () => 'x'.repeat(1000))),
      { window: 0 },
      { maxBufferedBytes: 50_000 },
    );
    channel.widen(40_000);
    await channel.closing;
    expect(failures).toEqual([]);
    expect(channel.output).toHaveLength(40_000);
    expect(channel.told.at(-3)).toBe('exit-status 0');
  });

  it('reads from the client no faster than the service does', async () => {
    const { channel } = start(() => NEVER);
    channel.fillWindow();
    await turn();
    expect(channel.windowReturned).toBe(0);
    channel.vanish();
  });
});

describe('output to a terminal', () => {
  const service: Service = async (session: Session) => {
    session.stderr.write('e\n');
    await session.write('a\nb\r\nc\r');
    return '\n';
  };

  it('has carriage returns before its line feeds, and none twice', async () => {
    const { channel } = await run(service, { terminal: {} });
    expect(channel.output).toBe('a\r\nb\r\nc\r\n');
    expect(channel.errorOutput).toBe('e\r\n');
  });

  it.each([{ ONLCR: 0 }, { OPOST: 0 }])('is left alone if the modes of the client say %j', async (modes) => {
    const { channel } = await run(service, { terminal: { modes } });
    expect(channel.output).toBe('a\nb\r\nc\r\n');
  });

  it('is translated if the modes switch it on', async () => {
    const { channel } = await run(() => 'a\n', { terminal: { modes: { ONLCR: 1, OPOST: 1 } } });
    expect(channel.output).toBe('a\r\n');
  });

  it('is left alone with rawOutput', async () => {
    const { channel } = await run(service, { terminal: {} }, { rawOutput: true });
    expect(channel.output).toBe('a\nb\r\nc\r\n');
    expect(channel.errorOutput).toBe('e\n');
  });

  it('is what it is without a terminal', async () => {
    const { channel } = await run(service);
    expect(channel.output).toBe('a\nb\r\nc\r\n');
    expect(channel.errorOutput).toBe('e\n');
  });
});

it('calls an Observable of a service once for each channel', async () => {
  const made = vi.fn(() => of('x'));
  await run(() => defer(made));
  await run(() => defer(made));
  expect(made).toHaveBeenCalledTimes(2);
});
