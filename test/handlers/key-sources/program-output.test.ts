import { ChildProcess } from 'node:child_process';

import { firstValueFrom } from 'rxjs';
import { afterEach, expect, it, vi } from 'vitest';

import { programOutput } from '../../../src/handlers/key-sources/program-output.js';
import { virtualTime } from '../policies/virtual-time.js';

const { spawn } = vi.hoisted(() => ({ spawn: vi.fn<() => ChildProcess>() }));
vi.mock('node:child_process', async (original) => ({ ...(await original<object>()), spawn }));
afterEach(() => {
  spawn.mockReset();
});

/** What Node hands out where this process can open no more files: without streams, and with its error to come. */
function childOfNobody(): ChildProcess {
  const child = new ChildProcess();
  process.nextTick(() => {
    child.emit('error', Object.assign(new Error('spawn /keys-of EMFILE'), { code: 'EMFILE' }));
  });
  return child;
}

const time = virtualTime();
const output$ = programOutput({
  program: '/keys-of',
  args: [],
  environment: {},
  timeoutMs: 1000,
  maxBytes: 1000,
  clock: time.clock,
});

it('fails where there are no files to be had for the streams of a program', async () => {
  spawn.mockImplementation(childOfNobody);
  await expect(firstValueFrom(output$)).rejects.toMatchObject({
    message: '/keys-of cannot be run',
    cause: { code: 'EMFILE' },
  });
  expect(time.timers).toBe(0);
});

it('hears of that in peace when nobody waits any more', () => {
  const child = new ChildProcess();
  spawn.mockReturnValue(child);
  const failures: unknown[] = [];
  output$.subscribe({ error: (cause: unknown) => failures.push(cause) }).unsubscribe();
  // Would throw if nobody listened.
  expect(child.emit('error', new Error('spawn /keys-of EMFILE'))).toBe(true);
  expect(failures).toEqual([]);
  expect(time.timers).toBe(0);
});
