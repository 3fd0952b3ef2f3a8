import { execFile } from 'node:child_process';
import { appendFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { CachedFile, type CachedFileParts } from '../../../src/handlers/key-sources/cached-file.js';
import { deferred } from '../../support/deferred.js';
import { requires } from '../../support/requires.js';
import { temporaryFolder } from './temporary-folder.js';

/** Long after any file of these tests was written. */
const later = (): number => Date.now() + 3_600_000;

describe('a cached file', () => {
  let file: string;
  beforeEach(async () => {
    file = path.join(await temporaryFolder(), 'file');
    await writeFile(file, 'first');
  });

  /** As an editor does that saves safely. */
  async function replace(content: string): Promise<void> {
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  }

  function open(parts: Partial<CachedFileParts<string>> = {}) {
    const understand = vi.fn((content: Buffer) => content.toString());
    const inspect = vi.fn(async () => undefined);
    return {
      understand,
      inspect,
      cached: new CachedFile<string>({ path: file, understand, inspect, maxBytes: 100, now: later, ...parts }),
    };
  }

  it('is read once while nothing changes', async () => {
    const { cached, inspect } = open();
    expect(await cached.current()).toBe('first');
    expect(await cached.current()).toBe('first');
    expect(inspect).toHaveBeenCalledTimes(1);
    expect(cached.bytes).toBe(5);
  });

  it('is read again when it was replaced, written anew or touched', async () => {
    const { cached, understand, inspect } = open();
    expect(await cached.current()).toBe('first');
    await replace('other');
    expect(await cached.current()).toBe('other');
    await writeFile(file, 'third');
    expect(await cached.current()).toBe('third');
    expect(understand).toHaveBeenCalledTimes(3);

    await utimes(file, 1, 1);
    expect(await cached.current()).toBe('third');
    expect(inspect).toHaveBeenCalledTimes(4);
    expect(understand).toHaveBeenCalledTimes(3);
  });

  it('is taken as known only when its last change is long ago, since two changes can look like one', async () => {
    const changed = Number((await stat(file, { bigint: true })).ctimeNs / 1_000_000n);
    let now = changed + 2000;
    const { cached, inspect, understand } = open({ now: () => now });
    await cached.current();
    await cached.current();
    expect(inspect).toHaveBeenCalledTimes(2);
    now += 1;
    await cached.current();
    await cached.current();
    await cached.current();
    expect(inspect).toHaveBeenCalledTimes(3);
    expect(understand).toHaveBeenCalledTimes(1);
  });

  it('is read once for all who ask meanwhile', async () => {
    const { cached, inspect } = open();
    expect(await Promise.all([cached.current(), cached.current(), cached.current()])).toEqual(
      Array.from({ length: 3 }, () => 'first'),
    );
    expect(inspect).toHaveBeenCalledTimes(1);
  });

  it('is read again for those who ask after it was replaced while it was read', async () => {
    const gate = deferred<undefined>();
    const began = deferred<undefined>();
    let readings = 0;
    const { cached } = open({
      inspect: async () => {
        readings += 1;
        if (readings > 1) return;
        began.resolve(undefined);
        await gate.promise;
      },
    });
    const before = cached.current();
    await began.promise;
    await replace('second');
    expect(await cached.current()).toBe('second');
    gate.resolve(undefined);
    // It lost its name while it was read, which is a change as well.
    expect(await before).toBe('second');
    expect(await cached.current()).toBe('second');
  });

  it('is read again when it was written to while it was read', async () => {
    let writes = 0;
    const { cached, understand } = open({
      inspect: async () => {
        writes += 1;
        if (writes < 3) await appendFile(file, String(writes));
      },
    });
    expect(await cached.current()).toBe('first12');
    expect(understand).toHaveBeenCalledTimes(1);
  });

  it('is given up when it is written to all the time, and tried again', async () => {
    let busy = true;
    const { cached } = open({ inspect: () => (busy ? appendFile(file, '+') : Promise.resolve()) });
    await expect(cached.current()).rejects.toThrow('it changes while it is read');
    busy = false;
    expect(await cached.current()).toBe('first+++');
  });

  it('rejects, and is tried again, when it is gone, too large, no file, refused or not understood', async () => {
    const { cached } = open({ maxBytes: 6 });
    await rm(file);
    await expect(cached.current()).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(file, 'seventh');
    await expect(cached.current()).rejects.toThrow('it is larger than 6 bytes');
    await writeFile(file, 'sixth!');
    expect(await cached.current()).toBe('sixth!');

    await expect(open({ path: path.dirname(file) }).cached.current()).rejects.toThrow('it is not a regular file');
    await expect(open({ inspect: () => Promise.reject(new Error('whose?')) }).cached.current()).rejects.toThrow(
      'whose?',
    );
    const picky = open({
      understand: () => {
        throw new TypeError('what?');
      },
    });
    await expect(picky.cached.current()).rejects.toThrow('what?');
  });

  it('shares no failure with those who ask after it', async () => {
    const { cached } = open();
    await rm(file);
    const failures = await Promise.allSettled([cached.current(), cached.current()]);
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await writeFile(file, 'again');
    expect(await cached.current()).toBe('again');
  });

  const programs = requires(['mkfifo']);
  it.skipIf(programs.missing.length > 0)(programs.title('does not wait for a named pipe'), async () => {
    const pipe = `${file}.pipe`;
    await promisify(execFile)(programs.path('mkfifo'), [pipe]);
    await expect(open({ path: pipe }).cached.current()).rejects.toThrow('it is not a regular file');
  });
});
