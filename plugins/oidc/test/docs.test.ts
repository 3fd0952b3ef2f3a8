import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { codeBlocks, examplesIn } from '../../../test/support/documented-examples.js';
import { typeCheckExamples } from '../../../test/support/type-check-examples.js';
import { readOptions } from '../src/flow-options.js';

const plugin = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(plugin, file), 'utf8');

describe('README.md of the plugin', () => {
  const readme = read('README.md');

  it('shows its example as it is, and no other code', () => {
    expect(codeBlocks(readme, 'ts').map(({ code }) => code)).toEqual([read('examples/sign-in-with-browser.ts')]);
  });

  it('gives every setting with its default', () => {
    const options = readOptions({ issuer: 'https://login.example.com', clientId: 'ssh', userOf: () => undefined });
    const defaults = Object.entries(options).filter(
      ([name, value]) => name !== 'clientId' && ['string', 'number'].includes(typeof value),
    );
    const rows = [...readme.matchAll(/^\| `(\w+)` +\| `?([^|`]+?)`? +\|/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);

    // Said by other names there.
    const renamed = new Map([
      ['by', 'name'],
      ['scope', ''],
    ]);
    const expected = defaults
      .map(([name, value]) => [renamed.get(name) ?? name, String(value)])
      .filter(([name]) => name !== '');
    expect(rows).toEqual(expect.arrayContaining(expected));
    expect(rows.map(([name]) => name)).toEqual(
      expect.arrayContaining(
        Object.keys(options)
          .map((name) => renamed.get(name) ?? name)
          .map((name) => (name === '' ? 'scopes' : name)),
      ),
    );
    expect(rows).toHaveLength(Object.keys(options).length);
  });
});

describe('the example in a doc comment of the plugin', () => {
  it('compiles', () => {
    const file = 'src/oidc-device-flow.ts';
    const examples = examplesIn(path.join('plugins/oidc', file), read(file));

    expect(examples).toHaveLength(1);
    expect(typeCheckExamples(examples)).toEqual([[]]);
  }, 120_000);
});
