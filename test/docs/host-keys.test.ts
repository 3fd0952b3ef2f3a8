import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { HOST_KEY_STORE_TYPES } from '../../src/transport/host-keys/host-key-store-type.js';
import { codeBlocks } from '../support/documented-examples.js';
import { typeCheckExamples } from '../support/type-check-examples.js';

const file = 'docs/host-keys.md';
const guide = readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');

it('the examples of docs/host-keys.md compile', { timeout: 60_000 }, () => {
  const examples = codeBlocks(guide, 'ts').map((block) => ({ file, ...block }));

  expect(examples).toHaveLength(7);
  expect(typeCheckExamples(examples)).toEqual(examples.map(() => []));
});

it('docs/host-keys.md names store types that there are', () => {
  const named = [...guide.matchAll(/`(cst\w+)`/gu)].map(([, name = '']) => name);

  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !(name in HOST_KEY_STORE_TYPES))).toEqual([]);
});
