import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import * as testing from '../../src/testing/index.js';
import { CLIENT_OUTCOME_LETTERS } from '../../src/testing/simulation/client-outcome.js';
import { codeBlocks } from '../support/documented-examples.js';
import { exampleFiles } from '../support/example-files.js';

const root = path.resolve(import.meta.dirname, '../..');
const guide = readFileSync(path.join(root, 'docs/testing.md'), 'utf8');

describe('docs/testing.md', () => {
  it('shows examples as they are, all of them, and no other code', () => {
    const files = exampleFiles();
    const shown = codeBlocks(guide, 'ts').map(({ code }) => files.get(code));
    const all = [...files.values()].filter((file) => file.startsWith('testing/'));

    expect(shown.toSorted()).toEqual(all.toSorted());
    expect(guide.match(/^```/gm)).toHaveLength(2 * shown.length);
  });

  it('gives the letter of every outcome', () => {
    const rows = guide.split('\n').filter((line) => line.startsWith('|'));
    const letters = rows.flatMap((row) =>
      [...row.matchAll(/\| `(\w)` +\| `(\w+)`/g)].map(([, letter = '', outcome = '']) => [letter, outcome] as const),
    );

    expect(Object.fromEntries(letters)).toEqual(CLIENT_OUTCOME_LETTERS);
    expect(letters).toHaveLength(Object.keys(CLIENT_OUTCOME_LETTERS).length);
  });

  it('gives every act of a simulated client', () => {
    const table = guide.slice(guide.indexOf('| step '), guide.indexOf('Each step waits'));
    const acts = [...table.matchAll(/(?:`act)?\.(\w+)\(/g)].map(([, name = '']) => name);

    expect(acts.toSorted()).toEqual(Object.keys(testing.act).toSorted());
  });

  it('names functions that exist, and every one of them', () => {
    const prose = guide.replaceAll(/^```ts\n[^]*?^```$/gm, '');
    const functions = Object.entries(testing).flatMap(([name, it]) =>
      typeof it === 'function' && /^[a-z]/.test(name) ? [name] : [],
    );

    expect(functions.filter((name) => !new RegExp(`\\b${name}\\b`).test(guide))).toEqual([]);
    const fakes = [...prose.matchAll(/`(fake[A-Z]\w+)`/g)].map(([, name = '']) => name);
    expect(fakes.filter((name) => !(name in testing))).toEqual([]);
  });

  it('links to sections and files that exist', () => {
    const links = [...guide.matchAll(/\]\(([^)]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !target.startsWith('https:'));
    const anchorsOf = (text: string): readonly string[] =>
      [...text.matchAll(/^#+ (.+)$/gm)].map(
        ([, heading = '']) =>
          `#${heading
            .toLowerCase()
            .replaceAll(/[^\w -]/g, '')
            .replaceAll(' ', '-')}`,
      );
    const broken = links.filter((target) => {
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? path.join(root, 'docs/testing.md') : path.join(root, 'docs', file);
      if (!existsSync(linked)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(linked, 'utf8')).includes(`#${anchor}`);
    });

    expect(broken).toEqual([]);
    expect(links.length).toBeGreaterThan(10);
  });
});
