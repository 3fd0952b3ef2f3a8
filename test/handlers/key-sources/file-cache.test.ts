import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { CachedFile } from '../../../src/handlers/key-sources/cached-file.js';
import { FileCache } from '../../../src/handlers/key-sources/file-cache.js';
import { temporaryFolder } from './temporary-folder.js';

describe('a cache of files', () => {
  let folder: string;
  const made: string[] = [];
  beforeEach(async () => {
    folder = await temporaryFolder();
    made.length = 0;
    for (const name of ['a', 'b', 'c']) await writeFile(path.join(folder, name), name.repeat(1024));
  });

  const ask = (cache: FileCache<number>, name: string): Promise<number> =>
    cache.contentOf(name, () => {
      made.push(name);
      return new CachedFile<number>({
        path: path.join(folder, name),
        understand: (content) => content.length,
        maxBytes: 4096,
        now: () => Date.now() + 3_600_000,
      });
    });

  it('remembers what fits, and forgets what nobody has asked for the longest', async () => {
    // A file of 1 KiB counts for 2.
    const cache = new FileCache<number>(4096);
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) expect(await ask(cache, name)).toBe(1024);
    expect(made).toEqual(['a', 'b', 'c', 'b']);
    expect(cache.size).toBe(2);
  });

  it('serves a file that does not fit at all', async () => {
    const cache = new FileCache<number>(100);
    expect(await ask(cache, 'a')).toBe(1024);
    expect(cache.size).toBe(0);
  });

  it('reads a file once for all who ask at the same time', async () => {
    const cache = new FileCache<number>(4096);
    expect(await Promise.all(['a', 'a', 'a'].map((name) => ask(cache, name)))).toEqual([1024, 1024, 1024]);
    expect(made).toEqual(['a']);
  });

  it('does not remember names of files that are not there, or are gone', async () => {
    const cache = new FileCache<number>(1_000_000);
    await ask(cache, 'a');
    for (let index = 0; index < 100; index += 1) {
      await expect(ask(cache, `none-${String(index)}`)).rejects.toMatchObject({ code: 'ENOENT' });
    }
    expect(cache.size).toBe(1);
    await rm(path.join(folder, 'a'));
    await expect(ask(cache, 'a')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(cache.size).toBe(0);
  });
});
