import { beforeAll, describe, expect, it } from 'vitest';

import { examplesIn, examplesInSource } from '../support/documented-examples.js';
import { typeCheckExamples } from '../support/type-check-examples.js';

const sound = examplesIn('src/index.ts', '/**\n * ```ts\n * const policy = grantPassword(() => true);\n * ```\n */');
const unsound = examplesIn(
  'src/index.ts',
  '\n/** ```ts is not here */\n/**\n * Text.\n *\n * ```ts\n * const fine = 1;\n * nowhere(fine);\n * ```\n */',
);

const examples = examplesInSource();
let complaints: readonly (readonly string[])[] = [];

// One program for all of them: it reads the types of the whole package.
beforeAll(() => {
  complaints = typeCheckExamples([...examples, ...sound, ...unsound]);
}, 120_000);

describe('an example in a doc comment', () => {
  it.each(examples.map(({ file, line }, index) => [`${file}:${String(line)}`, index] as const))(
    'compiles: %s',
    (_at, index) => {
      expect(complaints[index]).toEqual([]);
    },
  );

  it('is found in every layer that is published', () => {
    const layers = new Set(examples.map(({ file }) => file.split('/')[1]));

    expect([...layers]).toEqual(expect.arrayContaining(['di', 'handlers', 'streams', 'testing']));
  });

  it('is reported by file and line if it does not compile, and not if it does', () => {
    expect(complaints.slice(examples.length)).toEqual([[], ["src/index.ts:8: Cannot find name 'nowhere'."]]);
  });
});
