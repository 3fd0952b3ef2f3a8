import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');

const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });

describe('ARCHITECTURE.md', () => {
  it('names files that exist', () => {
    const named = [...page.matchAll(/`([\w/-]+\.ts)`/g)].map(([, name = '']) => name);
    // In a sentence the folder is said once.
    const missing = named.filter((name) => !sources.some((source) => source === name || source.endsWith(`/${name}`)));

    expect(named.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  it('names folders that exist', () => {
    const named = [...page.matchAll(/`((?:src|test)\/[\w/]+)`/g)].map(([, name = '']) => name);

    expect(named).toEqual(expect.arrayContaining(['src/transport', 'src/testing']));
    expect(named.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
  });
});
