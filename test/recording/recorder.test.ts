import { Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { record, type RecordOptions, type RecordedLine, type SshEvent, type SshServerError } from '../../src/index.js';
import { channelRequest, connectionRequest } from '../../src/testing/index.js';
import { deferred } from '../support/deferred.js';
import { fakeClock } from '../../src/testing/fakes/fake-clock.js';
import { linesOf } from './recorded-lines.js';
import { failure, type Operation, ScriptedFiles } from './scripted-files.js';

const FIRST = 'log/traffic.000001.jsonl';
const SECOND = 'log/traffic.000002.jsonl';

/** A recording in memory, on a clock that stands still. */
function start(options: Partial<RecordOptions> = {}, files = new ScriptedFiles()) {
  const clock = fakeClock();
  const events = new Subject<SshEvent>();
  const errors: SshServerError[] = [];
  const recording = record(events, {
    path: 'log/traffic.jsonl',
    files,
    clock,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { clock, errors, events, files, recording };
}

/** Lets everything happen that waits for no clock and no deferred promise. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const commandOf = (line: RecordedLine): string | undefined =>
  line.kind === 'event' && line.event.type === 'SSHChannelRequest' && line.event.detail.type === 'exec'
    ? line.event.detail.command
    : undefined;

/** What was recorded: the commands, and how many events are missing between them. */
const story = async ({ texts, names }: ScriptedFiles): Promise<readonly (string | number)[]> => {
  const told: (string | number)[] = [];
  for (const line of await linesOf(names.map((name) => texts.get(name) ?? ''))) {
    if (line.kind === 'dropped') told.push(line.count);
    else if (line.kind === 'event') told.push(commandOf(line) ?? line.event.type);
  }
  return told;
};

const exec = (command: string): SshEvent => channelRequest.exec(command);
/** A line of about `kib` KiB. */
const large = (name: string, kib: number): SshEvent => exec(name + '.'.repeat(kib * 1024));

describe('a recording', () => {
  it('begins with a header that says what it is, and when it began', async () => {
    const { clock, events, files, recording } = start();
    clock.advance(1500);
    events.next(connectionRequest());
    await recording.close();
    const [header, line] = files.all.split('\n').map((text): unknown => (text === '' ? undefined : JSON.parse(text)));

    expect(header).toEqual({
      recording: 'rxsshd',
      version: 1,
      package: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      run: 1,
      part: 1,
      startedAt: '1970-01-01T00:00:00.000Z',
      at: 0,
      droppedBefore: 0,
    });
    expect(line).toMatchObject({ seq: 1, at: 1500, event: { type: 'ConnectionRequest' } });
  });

  it('writes what happens in one turn at once, and one thing at a time', async () => {
    const { events, files, recording } = start();
    for (let index = 0; index < 100; index += 1) events.next(exec(String(index)));
    await settle();
    events.next(exec('later'));
    await recording.close();

    expect(files.writes).toHaveLength(3);
    expect(files.busiest).toBe(1);
    expect(await story(files)).toHaveLength(101);
  });

  it('never lets its time run backwards, whatever the clock does', async () => {
    const clock = fakeClock();
    let now = 10_000;
    vi.spyOn(clock, 'now').mockImplementation(() => now);
    const { events, files, recording } = start({ clock });
    for (const at of [10_005, 9000, 10_007]) {
      now = at;
      events.next(exec('x'));
    }
    await recording.close();

    expect((await linesOf([files.all])).map((line) => (line.kind === 'event' ? line.at : line.kind))).toEqual([
      'part',
      5,
      5,
      7,
    ]);
  });

  it('ends with its events, and writes what came before', async () => {
    const { events, files, recording } = start();
    events.next(exec('a'));
    events.complete();
    await recording.close();

    expect(await story(files)).toEqual(['a']);
    expect(files.open.size).toBe(0);
    expect(events.observed).toBe(false);
  });

  it('ends with an error of its events, and says so', async () => {
    const errors: SshServerError[] = [];
    const files = new ScriptedFiles();
    const recording = record(
      throwError(() => new Error('broken')),
      { path: 'x.jsonl', files, onError: (error) => errors.push(error) },
    );
    await recording.close();

    expect(errors.map(({ message }) => message)).toEqual(['the events ended with an error: broken']);
    expect(files.open.size).toBe(0);
  });

  it('is closed once, however often that is asked for, and hears nothing any more', async () => {
    const { events, files, recording } = start();
    await Promise.all([recording.close(), recording.close(), recording[Symbol.asyncDispose]()]);
    const before = files.all;
    events.next(exec('late'));
    await settle();

    expect(files.all).toBe(before);
    expect(recording.file).toBeUndefined();
    expect(recording.dropped).toBe(0);
  });

  it('continues no file: a run after another has a part of its own', async () => {
    const files = new ScriptedFiles();
    const one = start({}, files);
    one.events.next(exec('one'));
    await one.recording.close();
    const before = files.texts.get(FIRST);
    const two = start({}, files);
    two.events.next(exec('two'));
    await two.recording.close();

    expect(files.names).toEqual([FIRST, SECOND]);
    expect(files.texts.get(FIRST)).toBe(before);
    expect(files.texts.get(SECOND)).toContain('"run":2,"part":2');
    expect(await story(files)).toEqual(['one', 'two']);
  });

  it('takes the next name if somebody has taken one meanwhile', async () => {
    const { files, recording } = start();
    vi.spyOn(files, 'list').mockImplementation(async () => {
      files.texts.set(FIRST, '');
      return [];
    });
    await recording.close();

    expect(files.names).toEqual([FIRST, SECOND]);
    expect(files.texts.get(FIRST)).toBe('');
  });
});

describe('files of a recording', () => {
  it('begin no later than their first line, however fast time goes by', async () => {
    const clock = fakeClock();
    let now = 0;
    vi.spyOn(clock, 'now').mockImplementation(() => (now += 1));
    const { events, files, recording } = start({ clock, maxFileBytes: 2048, maxQueuedBytes: 8192 });
    for (let index = 0; index < 40; index += 1) {
      events.next(large('x', 1));
      if (index % 10 === 9) await settle();
    }
    await recording.close();

    // The reader refuses time that runs back.
    expect((await story(files)).length).toBeGreaterThan(10);
    expect(recording.dropped).toBeGreaterThan(0);
  });

  it('end at a line, before they are too large, and can be read alone', async () => {
    const { events, files, recording } = start({ maxFileBytes: 4096, maxFiles: 100 });
    for (let index = 0; index < 10; index += 1) events.next(large(String(index), 1));
    await recording.close();

    expect(files.names.length).toBeGreaterThan(3);
    for (const name of files.names) {
      const text = files.texts.get(name) ?? '';
      expect(text.length - text.indexOf('\n') - 1).toBeLessThanOrEqual(4096);
      expect((await linesOf([text])).map(({ kind }) => kind)).not.toContain('torn');
    }
    expect((await story(files)).map((it) => String(it)[0])).toEqual(
      Array.from({ length: 10 }, (_nothing, index) => String(index)),
    );
    expect(recording.dropped).toBe(0);
  });

  it('take a line that is larger than a file may be, alone', async () => {
    const { events, files, recording } = start({ maxFileBytes: 1024 });
    for (const name of ['a', 'b', 'c']) events.next(large(name, 2));
    await recording.close();

    expect(files.names).toHaveLength(3);
    expect(await story(files)).toHaveLength(3);
  });

  it('are as many as are to be kept, of earlier runs too', async () => {
    const files = new ScriptedFiles();
    for (const name of ['a', 'b', 'c', 'd']) {
      const { events, recording } = start({ maxFiles: 2 }, files);
      events.next(exec(name));
      await recording.close();
      expect(files.names.length).toBeLessThanOrEqual(2);
    }

    expect(await story(files)).toEqual(['c', 'd']);
  });

  it('are left alone if they are none of this recording', async () => {
    const files = new ScriptedFiles();
    const others = [
      'log/traffic.jsonl',
      'log/traffic.1.jsonl',
      'log/traffic.000001.jsonl.gz',
      'log/other.000001.jsonl',
    ];
    for (const name of others) files.texts.set(name, 'x');
    const { recording } = start({ maxFiles: 1 }, files);
    await recording.close();

    expect(files.names).toEqual([...others, FIRST].sort());
  });

  it('that cannot be deleted are told of, and no reason to stop', async () => {
    const files = new ScriptedFiles();
    await start({}, files).recording.close();
    files.fault = (operation) => (operation === 'remove' ? failure('EACCES') : undefined);
    const { errors, events, recording } = start({ maxFiles: 1 }, files);
    events.next(exec('a'));
    await recording.close();

    expect(errors.map(({ message }) => message)).toEqual([`${FIRST} cannot be deleted: EACCES: as the test wants it`]);
    expect(recording.error).toBeUndefined();
    expect(await story(files)).toEqual(['a']);
  });
});

describe('a slow disk', () => {
  it('costs events beyond the queue, which are counted and told of where they are missing', async () => {
    const gate = deferred<undefined>();
    const { events, files, recording } = start({ maxQueuedBytes: 8 * 1024 });
    await settle();
    files.delay = (operation) => (operation === 'append' ? gate.promise : undefined);
    for (let index = 0; index < 20; index += 1) events.next(large(String.fromCharCode(97 + index), 1));
    const kept = 20 - recording.dropped;
    await settle();

    expect(kept).toBeGreaterThan(3);
    expect(kept).toBeLessThan(8);
    gate.resolve(undefined);
    await settle();
    events.next(exec('after'));
    await recording.close();
    const told = await story(files);
    expect(told.slice(kept)).toEqual([20 - kept, 'after']);
    expect(recording.dropped).toBe(20 - kept);
  });

  it('is told of even if no event follows', async () => {
    const gate = deferred<undefined>();
    const { events, files, recording } = start({ maxQueuedBytes: 4096 });
    files.delay = (operation) => (operation === 'create' ? gate.promise : undefined);
    for (let index = 0; index < 20; index += 1) events.next(large('x', 1));
    const { dropped } = recording;
    gate.resolve(undefined);
    await recording.close();

    expect(dropped).toBeGreaterThan(0);
    expect((await story(files)).at(-1)).toBe(dropped);
  });

  it('loses an event that is larger than the queue, and none behind it', async () => {
    const { events, files, recording } = start({ maxQueuedBytes: 2048 });
    await settle();
    events.next(large('x', 4));
    events.next(exec('b'));
    await recording.close();

    expect(await story(files)).toEqual([1, 'b']);
  });

  it('gets large amounts in pieces', async () => {
    const { events, files, recording } = start();
    for (let index = 0; index < 100; index += 1) events.next(large('x', 10));
    await recording.close();

    expect(Math.max(...files.writes)).toBeLessThan(300 * 1024);
    expect(await story(files)).toHaveLength(100);
  });
});

describe('a disk that fails', () => {
  const failing =
    (...operations: readonly Operation[]) =>
    (operation: Operation) =>
      operations.includes(operation) ? failure('ENOSPC') : undefined;

  it('pauses the recording, which goes on in a new file and tells what is missing', async () => {
    const { clock, errors, events, files, recording } = start();
    events.next(exec('a'));
    await settle();
    files.fault = failing('append');
    files.tornAt = 10;
    events.next(exec('b'));
    events.next(exec('c'));
    await settle();

    expect(recording.error).toMatchObject({ code: 'ERR_SSH_RECORDING' });
    expect(errors.map(({ message }) => message)).toEqual([
      `${FIRST} cannot be written, recording pauses for 1000 ms: ENOSPC: as the test wants it`,
    ]);
    events.next(exec('d'));
    expect(recording.dropped).toBe(3);
    files.fault = () => undefined;
    clock.advance(1000);
    await settle();
    expect(recording.error).toBeUndefined();
    events.next(exec('e'));
    await recording.close();

    expect(files.names).toEqual([FIRST, SECOND]);
    expect(files.texts.get(SECOND)).toContain('"run":1,"part":2');
    const parts = files.names.map((name) => files.texts.get(name) ?? '');
    expect((await linesOf(parts.slice(0, 1))).map(({ kind }) => kind)).toEqual(['part', 'event', 'torn']);
    expect(files.texts.get(SECOND)).toContain('"droppedBefore":3');
    expect(clock.pending).toBe(0);
  });

  it('is tried again after pauses that grow to a minute, and leaves no empty files and no good ones deleted', async () => {
    const files = new ScriptedFiles();
    await start({}, files).recording.close();
    files.fault = failing('append');
    const { clock, errors, recording } = start({ maxFiles: 2 }, files);
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await settle();
      clock.advance(60_000);
    }
    await settle();

    expect(errors.map(({ message }) => /for (\d+) ms/.exec(message)?.[1])).toEqual(
      [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => String(seconds * 1000)),
    );
    expect(files.names).toEqual([FIRST]);
    await recording.close();
    expect(clock.pending).toBe(0);
    expect(files.open.size).toBe(0);
  });

  it.each(['list', 'create', 'close'] as const)('is survived when %s fails', async (operation) => {
    const { clock, errors, events, files, recording } = start({ maxFileBytes: 1024, maxFiles: 100 });
    await settle();
    files.fault = failing(operation);
    for (const name of ['a', 'b', 'c']) events.next(large(name, 1));
    await settle();
    expect(errors).toHaveLength(1);
    files.fault = () => undefined;
    clock.advance(1000);
    events.next(exec('z'));
    await recording.close();

    const told = await story(files);
    expect(told.at(-1)).toBe('z');
    // All that is missing is told of.
    const missing = told.reduce<number>((sum, it) => sum + (typeof it === 'number' ? it : 0), 0);
    expect(missing).toBe(recording.dropped);
    expect(told.filter((it) => typeof it === 'string')).toHaveLength(4 - missing);
  });

  it('is asked once more at the close', async () => {
    const { clock, events, files, recording } = start();
    await settle();
    files.fault = failing('append');
    events.next(exec('a'));
    await settle();
    files.fault = () => undefined;
    await recording.close();

    expect(await story(files)).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  it('never keeps the recording from closing', async () => {
    const { clock, errors, events, files, recording } = start();
    files.fault = failing('list', 'create', 'append', 'close', 'remove');
    events.next(exec('a'));
    await settle();
    await recording.close();

    expect(errors.at(-1)?.message).toContain('its end is lost');
    expect(recording.dropped).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('tells through process.emitWarning if nobody wants to hear', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const files = new ScriptedFiles();
    files.fault = failing('create');
    const recording = record(new Subject<SshEvent>(), { path: 'x.jsonl', files });
    await recording.close();

    expect(warning).toHaveBeenCalledWith(expect.stringContaining('x.jsonl cannot be written'), {
      code: 'ERR_SSH_RECORDING',
    });
    warning.mockRestore();
  });

  it('survives a listener that throws', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { files, recording } = start({
      onError: () => {
        throw new Error('no ears');
      },
    });
    files.fault = failing('create');
    await recording.close();

    expect(warning).toHaveBeenCalledWith(expect.stringContaining('onError threw: no ears'));
    warning.mockRestore();
  });
});

describe('an event that cannot be written', () => {
  it('is dropped, counted and told of once', async () => {
    const { errors, events, files, recording } = start();
    // What a program in JavaScript may emit.
    const unknown = { type: 'Party' } as unknown as SshEvent;
    const endless: SshEvent = { ...connectionRequest(), type: 'SSHServiceRequest', service: 'x'.repeat(1024 * 1024) };
    for (const event of [unknown, exec('a'), endless, exec('b')]) events.next(event);
    await recording.close();

    expect(await story(files)).toEqual([1, 'a', 1, 'b']);
    expect(recording.dropped).toBe(2);
    expect(errors.map(({ message }) => message)).toEqual([
      'an event could not be recorded: an object of an unknown kind',
    ]);
  });
});

describe('options of record', () => {
  it.each([
    [{ path: '' }, 'path'],
    [{ maxFileBytes: 1023 }, 'maxFileBytes'],
    [{ maxFiles: 0 }, 'maxFiles'],
    [{ maxQueuedBytes: 0.5 }, 'maxQueuedBytes'],
    [{ files: {} }, 'files'],
    [{ clock: {} }, 'clock'],
    [{ onError: 'log' }, 'onError'],
    [{ maxParts: 3 }, 'options'],
  ])('%j is refused by the name of the field', (options, field) => {
    const bad = { path: 'x.jsonl', files: new ScriptedFiles(), ...options } as unknown as RecordOptions;

    expect(() => record(new Subject<SshEvent>(), bad)).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_OPTION',
        message: expect.stringMatching(new RegExp(`^record: ${field}: `)) as string,
      }),
    );
  });

  it('are refused before anything is written, and so is what is no stream of events', () => {
    const files = new ScriptedFiles();

    expect(() => record([] as never, { path: 'x.jsonl', files })).toThrow('record: events: expected an Observable');
    expect(files.names).toEqual([]);
  });
});
