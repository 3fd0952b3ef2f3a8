import { pipeline } from 'node:stream/promises';

import { NEVER } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { runService } from '../../../src/handlers/sessions/run-service.js';
import type { Session } from '../../../src/handlers/sessions/session.js';
import { drain } from '../../support/drain.js';
import { FakeChannel, type FakeChannelOptions } from '../../support/fake-channel.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A session whose service never ends, so that the test is the service. */
const open = (options: FakeChannelOptions = {}): { channel: FakeChannel; session: Session; failed: typeof failed } => {
  const channel = new FakeChannel(options);
  const failed = vi.fn();
  let session: Session | undefined;
  runService(
    channel,
    (it) => {
      session = it;
      return NEVER;
    },
    { source: 'test', arguments: '-p now', maxLineBytes: 10, onFailure: failed },
  );
  if (session === undefined) throw new Error('the service was not called');
  return { channel, session, failed };
};

describe('what a session knows', () => {
  it('is who, where and what', () => {
    const { channel, session } = open({ program: { exec: 'uptime -p now' }, environment: { LANG: 'C' }, user: 'bob' });
    expect(session.user).toBe('bob');
    expect(session.identity).toBe(channel.identity);
    expect(session.connection).toBe(channel.connection);
    expect(session.signal).toBe(channel.signal);
    expect(session.command).toBe('uptime -p now');
    expect(session.arguments).toBe('-p now');
    expect(session.subsystem).toBeUndefined();
    expect([...session.environment]).toEqual([['LANG', 'C']]);
    expect(session.terminal).toBeUndefined();
  });

  it('is the subsystem where one was asked for, and neither for a shell', () => {
    expect(open({ program: { subsystem: 'sftp' } }).session).toMatchObject({ subsystem: 'sftp', command: undefined });
    expect(open({ program: 'shell' }).session).toMatchObject({ subsystem: undefined, command: undefined });
  });

  it('is the terminal at its present size, with each new size as it comes', () => {
    const { channel, session } = open({ terminal: { type: 'vt100', columns: 80, rows: 24 } });
    const sizes: [number, number][] = [];
    const complete = vi.fn();
    session.terminalSizes.subscribe({ next: ({ columns, rows }) => sizes.push([columns, rows]), complete });
    channel.session.resize({ columns: 100, rows: 30, widthPixels: 0, heightPixels: 0 });
    expect(sizes).toEqual([[100, 30]]);
    expect(session.terminal).toMatchObject({ type: 'vt100', columns: 100, rows: 30 });
    channel.vanish();
    expect(complete).toHaveBeenCalledOnce();
  });

  it('is the signals, until the channel closes', () => {
    const { channel, session } = open();
    const seen: string[] = [];
    const complete = vi.fn();
    session.signals.subscribe({ next: (it) => seen.push(it), complete });
    channel.session.signal('INT');
    channel.vanish();
    channel.session.signal('TERM');
    expect(seen).toEqual(['INT']);
    expect(complete).toHaveBeenCalledOnce();
    session.signals.subscribe({ complete });
    expect(complete).toHaveBeenCalledTimes(2);
  });

  it('is not told to who unsubscribed', () => {
    const { channel, session } = open();
    const seen: string[] = [];
    session.signals.subscribe((it) => seen.push(it)).unsubscribe();
    channel.session.signal('INT');
    expect(seen).toEqual([]);
  });
});

describe('the streams of a session', () => {
  it('carry bytes from the client and back', async () => {
    const { channel, session } = open();
    channel.send('hello');
    channel.sendClientEof();
    await pipeline(session.stdin, session.stdout);
    expect(channel.output).toBe('hello');
  });

  it('can be left early: destroying them closes nothing', async () => {
    const { channel, session } = open();
    channel.send('first');
    for await (const chunk of session.stdin) {
      expect(String(chunk)).toBe('first');
      break;
    }
    expect(session.stdin.destroyed).toBe(true);
    await session.write('still here');
    session.stdout.destroy(new Error('lost interest'));
    await turn();
    session.stderr.write('and here');
    await turn();
    expect(channel.output).toBe('still here');
    expect(channel.errorOutput).toBe('and here');
    expect(channel.closed).toBe(false);
    expect(channel.told).not.toContain('eof');
  });

  it('hold the client back once nobody reads any more', async () => {
    const { channel, session } = open();
    channel.send('first');
    session.stdin.once('data', () => session.stdin.destroy());
    await turn();
    channel.fillWindow();
    await turn();
    expect(channel.windowReturned).toBe(0);
  });

  it('take no more from the client than somebody reads', async () => {
    const { channel, session } = open();
    session.stdin.read(0);
    channel.fillWindow();
    await turn();
    expect(session.stdin.readableLength).toBeLessThanOrEqual(2 * 64 * 1024);
    expect(channel.windowReturned).toBe(0);

    session.stdin.resume();
    await turn();
    expect(channel.windowReturned).toBeGreaterThan(0);
  });

  it('send EOF once both outputs have ended, and not before', async () => {
    const { channel, session } = open();
    session.stdout.end('out');
    await turn();
    session.stderr.write('err');
    await turn();
    expect(channel.told).toEqual(['data 3', 'stderr 3']);
    session.stderr.end();
    await turn();
    expect(channel.told).toEqual(['data 3', 'stderr 3', 'eof']);
    expect(channel.closed).toBe(false);
  });

  it('bear with a write that the channel refuses', async () => {
    const { channel, session, failed } = open();
    channel.stream.destroy(new Error('network'));
    await expect(session.write('x')).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
    expect(failed).not.toHaveBeenCalled();
  });
});

describe('session.write', () => {
  it('settles when the client has room for more', async () => {
    const { channel, session } = open({ window: 0 });
    const size = channel.stream.writableHighWaterMark;
    let settled = false;
    const written = session.write('x'.repeat(size)).then(() => {
      settled = true;
    });
    await turn();
    expect(settled).toBe(false);
    channel.widen(size);
    await written;
    expect(channel.output).toHaveLength(size);
  });

  it('takes empty output without telling the client', async () => {
    const { channel, session } = open();
    await session.write('');
    expect(channel.told).toEqual([]);
  });

  it('rejects on a closed channel', async () => {
    const { channel, session } = open();
    channel.vanish();
    await expect(session.write('x')).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
  });
});

describe('session.lines', () => {
  it('gives one line, then another, then the rest to whoever reads on', async () => {
    const { channel, session } = open();
    channel.send('ann\nsecret\nbinary');
    channel.sendClientEof();
    const read = async (): Promise<string> => {
      for await (const line of session.lines) return line;
      return 'no line';
    };
    expect([await read(), await read()]).toEqual(['ann', 'secret']);
    expect(String(await session.stdin.toArray())).toBe('binary');
  });

  it('ends at EOF', async () => {
    const { channel, session } = open();
    channel.send('a\nb');
    channel.sendClientEof();
    const lines: string[] = [];
    for await (const line of session.lines) lines.push(line);
    expect(lines).toEqual(['a', 'b']);
  });

  it('takes the Enter key of a terminal for the end of a line', async () => {
    const { channel, session } = open({ terminal: {} });
    channel.send('ls\r');
    for await (const line of session.lines) {
      expect(line).toBe('ls');
      break;
    }
  });

  it('refuses a line that is too long', async () => {
    const { channel, session } = open();
    channel.send('x'.repeat(11));
    const reading = drain(session.lines);
    await expect(reading).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
  });

  it('fails if the client goes away in the middle', async () => {
    const { channel, session } = open();
    channel.send('half');
    const reading = drain(session.lines);
    await turn();
    channel.vanish();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
  });
});
