import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { ALGORITHM_PRESETS } from '../../src/index.js';
import { DEFAULT_REKEY_LIMITS } from '../../src/transport/rekey-limits.js';
import { codeBlocks } from '../support/documented-examples.js';
import { typeCheckExamples } from '../support/type-check-examples.js';

const file = 'docs/algorithms.md';
const guide = readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');

it('the examples of docs/algorithms.md compile', { timeout: 60_000 }, () => {
  const examples = codeBlocks(guide, 'ts').map((block) => ({ file, ...block }));

  expect(examples).toHaveLength(2);
  expect(typeCheckExamples(examples)).toEqual([[], []]);
});

it('docs/algorithms.md names the presets there are, and no algorithm that the server does not have', () => {
  const [, table = ''] = guide.split('## The presets');
  expect([...table.matchAll(/^\| `(\w+)`/gmu)].map(([, name]) => name).slice(0, 3)).toEqual(
    Object.keys(ALGORITHM_PRESETS),
  );

  const known = new Set(Object.values(ALGORITHM_PRESETS.compatible).flat());
  const named = [...guide.matchAll(/[`'](\w+-[\w.@-]+)[`']/gu)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(
    named.filter((name) => !known.has(name) && !['kex-strict-s-v00@openssh.com', 'ssh-audit'].includes(name)),
  ).toEqual([]);
});

it('docs/algorithms.md says when keys are renewed', () => {
  expect(DEFAULT_REKEY_LIMITS).toEqual({ bytes: 2 ** 30, ms: 3_600_000, packets: 2 ** 31 });
  expect(guide.replace(/\s+/gu, ' ')).toContain(
    'after 1 GiB of one direction, 2^31 packets of one direction, or 1 hour',
  );
});
