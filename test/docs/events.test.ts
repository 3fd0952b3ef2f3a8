import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { LOG_STEP_LEVELS } from '../../src/streams/log-step-levels.js';
import { codeBlocks } from '../support/documented-examples.js';
import { typeCheckExamples } from '../support/type-check-examples.js';

const file = 'docs/events.md';
const guide = readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');

it('the examples of docs/events.md compile', { timeout: 60_000 }, () => {
  const examples = codeBlocks(guide, 'ts').map((block) => ({ file, ...block }));

  expect(examples).toHaveLength(2);
  expect(typeCheckExamples(examples)).toEqual([[], []]);
});

it('docs/events.md has each step in their order, with its level', () => {
  const rows = [...guide.matchAll(/^\| `([\w-]+)` +\| (\d) +\|/gmu)].map(([, kind, level]) => [kind, Number(level)]);

  expect(rows).toEqual(Object.entries(LOG_STEP_LEVELS));
});
