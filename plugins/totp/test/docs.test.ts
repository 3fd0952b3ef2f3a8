import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { codeBlocks, examplesIn } from '../../../test/support/documented-examples.js';
import { typeCheckExamples } from '../../../test/support/type-check-examples.js';

const plugin = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(plugin, file), 'utf8');

describe('README.md of the plugin', () => {
  const readme = read('README.md');

  it('shows its example as it is, and no other code', () => {
    expect(codeBlocks(readme, 'ts').map(({ code }) => code)).toEqual([read('examples/password-and-code.ts')]);
  });

  it('names every option, and no other', () => {
    const sources = ['src/totp.ts', 'src/totp-parameters.ts', 'src/code-policy-options.ts'].map(read);
    const interfaces = sources.flatMap((source) =>
      [...source.matchAll(/^export interface (\w+Options|TotpParameters)\b.*?^}/gms)]
        .filter(([, name = '']) => !name.startsWith('Read'))
        .map(([text]) => text),
    );
    const options = interfaces.flatMap((text) => [...text.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name));
    const named = [...readme.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);

    expect(named.toSorted()).toEqual([...new Set([...options, 'name', 'clock'])].toSorted());
  });

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

    expect(links).not.toEqual([]);
    expect(links.filter((target) => !existsSync(path.join(plugin, target)))).toEqual([]);
  });
});

describe('an example in a doc comment of the plugin', () => {
  it('compiles', () => {
    const file = 'src/totp.ts';
    const examples = examplesIn(path.join('plugins/totp', file), read(file));

    expect(examples).toHaveLength(1);
    expect(typeCheckExamples(examples)).toEqual([[]]);
  }, 120_000);
});
