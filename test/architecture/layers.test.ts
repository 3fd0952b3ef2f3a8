import path from 'node:path';

import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

const houseRules = new Set([
  'house/layers',
  'no-restricted-globals',
  'no-restricted-properties',
  'no-restricted-syntax',
]);

// The project's own configuration, less the rules that need type information: the files judged here do not exist.
const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => houseRules.has(ruleId),
  overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } }],
});

/** What lint says about `code` at `file`, one `rule: message` an error. */
async function complaints(file: string, code: string): Promise<readonly string[]> {
  const [result] = await eslint.lintText(code, { filePath: path.join(root, file) });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? 'no rule'}: ${message}`);
}

// The first file loads the parser and its plugins, which takes seconds on a busy machine.
beforeAll(async () => {
  await complaints('src/errors.ts', '');
}, 60_000);

const layers = ['transport', 'protocol', 'streams', 'recording', 'handlers', 'di', 'testing', 'cli'];

const pairs = layers.flatMap((from, height) => layers.map((to, other) => ({ from, to, down: other <= height })));

describe('imports between the folders of src', () => {
  it.each(pairs.filter(({ down }) => down))('src/$from may import src/$to', async ({ from, to }) => {
    expect(await complaints(`src/${from}/x.ts`, `export { y } from '../${to}/y.js';`)).toEqual([]);
  });

  it.each(pairs.filter(({ down }) => !down))('src/$from may not import src/$to', async ({ from, to }) => {
    expect(await complaints(`src/${from}/x.ts`, `import { y } from '../${to}/y.js';`)).toEqual([
      `house/layers: src/${from} knows nothing of src/${to}. Imports run one way: ${layers.join(' < ')}.`,
    ]);
  });

  it.each([
    ['a type import', `import type { Y } from '../streams/y.js';`],
    ['a dynamic import', `export const y = await import('../streams/y.js');`],
    ['a type query', `export type Y = import('../streams/y.js').Y;`],
    ['an export of everything', `export * from '../streams/y.js';`],
    ['a require', `const { y } = require('../streams/y.js');`],
  ])('%s counts as an import', async (_kind, code) => {
    expect(await complaints('src/protocol/x.ts', code)).toHaveLength(1);
  });

  it('a folder inside a layer may carry the name of a higher layer', async () => {
    expect(await complaints('src/protocol/sftp/x.ts', `export { y } from '../streams/y.js';`)).toEqual([]);
  });

  it('a path that climbs further is still seen', async () => {
    expect(await complaints('src/protocol/sftp/x.ts', `export { y } from '../../streams/y.js';`)).toHaveLength(1);
  });

  it.each(layers)('src/%s may import the files directly in src', async (layer) => {
    expect(await complaints(`src/${layer}/x.ts`, `export { y } from '../errors.js';`)).toEqual([]);
  });

  it('the files directly in src import no folder', async () => {
    expect(await complaints('src/errors.ts', `import { y } from './transport/y.js';`)).toHaveLength(1);
  });

  it('src/index.ts gathers the layers up to di', async () => {
    expect(await complaints('src/index.ts', `export { y } from './di/y.js'; export { z } from './errors.js';`)).toEqual(
      [],
    );
    expect(await complaints('src/index.ts', `export { y } from './testing/y.js';`)).toHaveLength(1);
  });

  it('only the layers above src/index.ts import it', async () => {
    expect(await complaints('src/cli/x.ts', `export { y } from '../index.js';`)).toEqual([]);
    expect(await complaints('src/di/x.ts', `export { y } from '../index.js';`)).toHaveLength(1);
  });

  it('nothing in src imports the package by name or a file outside src', async () => {
    expect(await complaints('src/cli/x.ts', `export { y } from 'rxsshd';`)).toHaveLength(1);
    expect(await complaints('src/cli/x.ts', `export { y } from '../../test/y.js';`)).toHaveLength(1);
  });
});

describe('packages with one door', () => {
  it.each([
    ['src/transport/x.ts', 'ssh2'],
    ['src/transport/x.ts', 'ssh2/lib/protocol/Protocol.js'],
    ['src/streams/x.ts', 'rxjs'],
    ['src/cli/x.ts', 'rxjs'],
    ['src/di/x.ts', 'inversify'],
    ['src/testing/x.ts', 'inversify'],
    ['src/handlers/metadata.ts', 'reflect-metadata'],
    ['src/protocol/x.ts', 'node:crypto'],
    ['test/loopback/x.ts', 'ssh2'],
    ['bench/x.ts', 'ssh2'],
    ['examples/x.ts', 'inversify'],
  ])('%s may import %s', async (file, specifier) => {
    expect(await complaints(file, `import y from '${specifier}';`)).toEqual([]);
  });

  it.each([
    ['src/protocol/x.ts', 'ssh2'],
    ['src/cli/x.ts', 'ssh2/lib/utils.js'],
    ['src/transport/x.ts', 'rxjs'],
    ['src/protocol/x.ts', 'rxjs/operators'],
    ['src/handlers/x.ts', 'inversify'],
    ['src/handlers/policies/metadata.ts', 'reflect-metadata'],
    ['src/di/x.ts', 'reflect-metadata'],
    ['examples/x.ts', 'ssh2'],
  ])('%s may not import %s', async (file, specifier) => {
    expect(await complaints(file, `import y from '${specifier}';`)).toHaveLength(1);
  });

  it('what createRequire returns is no way around a door', async () => {
    const code = `import { createRequire } from 'node:module'; createRequire(import.meta.url)('ssh2');`;
    const named = `import { createRequire } from 'node:module'; const requireHere = createRequire(import.meta.url); requireHere('ssh2');`;

    expect(await complaints('src/streams/x.ts', code)).toHaveLength(1);
    expect(await complaints('src/streams/x.ts', named)).toHaveLength(1);
    expect(await complaints('src/transport/x.ts', code)).toEqual([]);
  });
});

describe('code that uses the package', () => {
  const homes = ['examples', 'bench', 'bench/servers', 'docs', 'plugins/redis/src'];

  it.each(homes)('%s may import the published API and its own files', async (home) => {
    const code = `import 'rxsshd'; import 'rxsshd/testing'; import './y.js'; import 'rxjs';`;
    expect(await complaints(`${home}/x.ts`, code)).toEqual([]);
  });

  it.each(homes)('%s may not reach into src', async (home) => {
    const up = '../'.repeat(home.split('/').length);
    expect(await complaints(`${home}/x.ts`, `import { y } from '${up}src/index.js';`)).toHaveLength(1);
    expect(await complaints(`${home}/x.ts`, `import { y } from 'rxsshd/dist/di/y.js';`)).toHaveLength(1);
  });

  it('one plugin may not reach into another', async () => {
    expect(await complaints('plugins/redis/src/x.ts', `import '../../ldap/src/y.js';`)).toHaveLength(1);
  });

  it('the tests of a plugin may run programs as other tests do, and reach no further', async () => {
    const support = `import { requires } from '../../../test/support/requires.js';`;

    expect(await complaints('plugins/redis/test/x.test.ts', support)).toEqual([]);
    expect(await complaints('plugins/redis/src/x.ts', support)).toHaveLength(1);
    expect(await complaints('plugins/redis/test/x.test.ts', `import '../../../src/index.js';`)).toHaveLength(1);
    expect(await complaints('plugins/redis/test/x.test.ts', `import '../../../test/wire/y.js';`)).toHaveLength(1);
  });

  it('tests may reach into src', async () => {
    expect(await complaints('test/streams/x.ts', `import '../../src/streams/y.js';`)).toEqual([]);
  });
});

describe('time', () => {
  const timed = ['src/streams/x.ts', 'src/recording/x.ts', 'src/handlers/policies/x.ts', 'src/di/x.ts'];
  const readsTime = [
    'setTimeout(() => 0, 1);',
    'setInterval(() => 0, 1);',
    'setImmediate(() => 0);',
    'globalThis.setTimeout(() => 0, 1);',
    'Date.now();',
    'new Date();',
    'performance.now();',
    'process.hrtime.bigint();',
    `import { setTimeout as sleep } from 'node:timers/promises';`,
    `import { performance as clock } from 'node:perf_hooks';`,
  ];

  it.each(timed.flatMap((file) => readsTime.map((code) => [file, code] as const)))(
    '%s may not say %s',
    async (file, code) => {
      const found = await complaints(file, code);

      expect(found).not.toEqual([]);
      for (const complaint of found) expect(complaint).toContain('Clock');
    },
  );

  it('a moment given as a value may be read', async () => {
    expect(
      await complaints('src/streams/x.ts', 'export const at = (ms: number) => new Date(ms).toISOString();'),
    ).toEqual([]);
  });

  it.each(['src/streams/clock.ts', 'src/transport/x.ts', 'src/protocol/x.ts', 'src/testing/x.ts'])(
    '%s may read real time',
    async (file) => {
      expect(await complaints(file, 'setTimeout(() => Date.now(), 1);')).toEqual([]);
    },
  );
});

describe('Reflect', () => {
  it.each(['defineMetadata', 'getOwnMetadata', 'hasMetadata'])('%s is called in one file only', async (method) => {
    const code = `Reflect.${method}('key', {});`;

    expect(await complaints('src/handlers/decorators/x.ts', code)).toHaveLength(1);
    expect(await complaints('src/di/x.ts', code)).toHaveLength(1);
    expect(await complaints('src/handlers/metadata.ts', code)).toEqual([]);
  });

  it('the metadata file is not free to read time', async () => {
    expect(await complaints('src/handlers/metadata.ts', 'Date.now();')).toHaveLength(1);
    expect(await complaints('src/handlers/metadata.ts', 'new Date();')).toHaveLength(1);
  });
});
