import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { codeBlocks, examplesIn } from '../../../test/support/documented-examples.js';
import { typeCheckExamples } from '../../../test/support/type-check-examples.js';
import { readOptions } from '../src/store-options.js';

const plugin = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(plugin, file), 'utf8');

describe('README.md of the plugin', () => {
  const readme = read('README.md');

  it('shows its example as it is, and no other code', () => {
    expect(codeBlocks(readme, 'ts').map(({ code }) => code)).toEqual([read('examples/shared-rate-limit.ts')]);
  });

  it('gives every setting with its default', () => {
    const { keyPrefix, commandTimeoutMs, maxPending, clock } = readOptions({ url: 'redis://127.0.0.1' });
    const settings = { keyPrefix, commandTimeoutMs, maxPending, clock };
    const rows = [...readme.matchAll(/^\| `(\w+)` +\| `?([^|`]+?)`? +\|/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);

    expect(rows).toEqual(
      expect.arrayContaining(Object.entries(settings).map(([name, value]) => [name, String(value)])),
    );
    expect(rows).toHaveLength(Object.keys(settings).length + 2);
  });
});

describe('an example in a doc comment of the plugin', () => {
  it('compiles', () => {
    const file = 'src/redis-counter-store.ts';
    const examples = examplesIn(path.join('plugins/redis', file), read(file));

    expect(examples).toHaveLength(1);
    expect(typeCheckExamples(examples)).toEqual([[]]);
  }, 120_000);
});
