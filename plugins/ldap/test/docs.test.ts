import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { codeBlocks, examplesIn } from '../../../test/support/documented-examples.js';
import { typeCheckExamples } from '../../../test/support/type-check-examples.js';
import { readOptions } from '../src/directory-options.js';

const plugin = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(plugin, file), 'utf8');

describe('README.md of the plugin', () => {
  const readme = read('README.md');

  it('shows its example as it is, and no other code', () => {
    expect(codeBlocks(readme, 'ts').map(({ code }) => code)).toEqual([read('examples/company-directory.ts')]);
  });

  it('gives every setting with its default', () => {
    const options = readOptions({ url: 'ldaps://localhost', users: { dn: 'uid={user}' } });
    const defaults = Object.entries(options).filter(([, value]) => ['string', 'number'].includes(typeof value));
    const settings = readme.slice(readme.indexOf('## Settings'), readme.indexOf('## What it promises'));
    const rows = [...settings.matchAll(/^\| `(\w+)` +\| `?([^|`]+?)`? +\|/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);

    expect(rows).toEqual(expect.arrayContaining(defaults.map(([name, value]) => [name, String(value)])));
    expect(rows).toHaveLength(defaults.length + 7);
  });
});

describe('the examples in doc comments of the plugin', () => {
  it('compile', () => {
    const files = readdirSync(path.join(plugin, 'src')).map((name) => path.join('src', name));
    const examples = files.flatMap((file) => examplesIn(path.join('plugins/ldap', file), read(file)));

    expect(examples).toHaveLength(4);
    expect(typeCheckExamples(examples)).toEqual([[], [], [], []]);
  }, 120_000);
});
