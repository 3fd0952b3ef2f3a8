import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { generateHostKey } from '../../src/index.js';
import { readSettings } from '../../src/di/server-options.js';
import { codeBlocks } from '../support/documented-examples.js';
import { exampleFiles } from '../support/example-files.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const readme = read('README.md');
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

const examples = exampleFiles();

describe('README.md', () => {
  it('shows these examples as they are, and no other code', () => {
    expect(codeBlocks(readme, 'ts').map(({ code }) => examples.get(code))).toEqual([
      'hello/main.ts',
      'hello/policy.test.ts',
      'functional/main.ts',
    ]);
  });

  it('shows a server in fewer than 25 lines', () => {
    expect(codeBlocks(readme, 'ts')[0]?.code.split('\n').length).toBeLessThan(25);
  });

  it('names commands that exist', () => {
    const commands = codeBlocks(readme, 'sh').flatMap(({ code }) => code.split(/\n|&&/).map((line) => line.trim()));
    const inline = [...readme.matchAll(/`(npm [^`]+)`/g)].map(([, command = '']) => command);
    const run = [...commands, ...inline].flatMap((command) => {
      const [, script] = /^npm (?:run )?(\S+)/.exec(command) ?? [];
      return script === undefined || ['ci', 'init', 'install', 'install-scripts', 'pkg', 'rebuild'].includes(script)
        ? []
        : [script];
    });

    expect(run).toEqual(expect.arrayContaining(['start', 'test', 'docs']));
    expect(run.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

    expect(links).toEqual(
      expect.arrayContaining(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/policies.md']),
    );
    expect(links.filter((target) => !existsSync(path.join(root, target.replace(/#.*$/, ''))))).toEqual([]);
  });

  it('shows the settings of the compiler that decorators need, and no more of them', () => {
    const [tsconfig] = codeBlocks(readme, 'json').map(({ code }) => JSON.parse(code) as unknown);

    expect(tsconfig).toMatchObject({ compilerOptions: { experimentalDecorators: true, module: 'NodeNext' } });
    expect(tsconfig).not.toHaveProperty('compilerOptions.emitDecoratorMetadata');
  });

  it('gives every limit with its default', async () => {
    const { hostKey } = await generateHostKey();
    const settings = readSettings({ hostKeys: [hostKey] });
    const expected = Object.entries({
      ...prefixed('admission', settings.admission),
      ...prefixed('limits', settings.limits),
      loginGraceMs: settings.loginGraceMs,
      keyExchangeTimeoutMs: settings.keyExchangeTimeoutMs,
      decisionDeadlineMs: settings.decisionDeadlineMs,
    });
    const rows = [...readme.matchAll(/^\| `([\w.]+)` +\| ([^|]+?) +\|/gm)].map(([, option = '', value = '']) => [
      option,
      amountOf(value),
    ]);

    expect(rows.sort()).toEqual(expected.sort());
  });
});

const prefixed = (prefix: string, values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value as unknown]));

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1000, KiB: 1024, MiB: 1024 * 1024 };

/** `60 s` in milliseconds, `2 MiB` in bytes, `1,000` as it is. */
function amountOf(text: string): number {
  const [, digits = '', unit = ''] = /^([\d,]+)(?: (\w+))?$/.exec(text) ?? [];
  return Number(digits.replaceAll(',', '')) * (UNITS[unit] ?? NaN);
}
