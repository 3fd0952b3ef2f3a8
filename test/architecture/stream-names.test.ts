import path from 'node:path';

import { ESLint } from 'eslint';
import { beforeAll, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const eslint = new ESLint({ cwd: root, ruleFilter: ({ ruleId }) => ruleId === 'house/stream-names' });

/** What the rule says about `code`, which needs types and so stands in for a file that exists. */
async function complaints(code: string): Promise<readonly string[]> {
  const text = `import { type Observable, type ObservableInput, of, Subject } from 'rxjs';\n${code}`;
  const [result] = await eslint.lintText(text, { filePath: path.join(root, 'src/errors.ts') });
  return (result?.messages ?? []).map(({ message }) => message);
}

// The first file builds the types of the whole project, which takes seconds on a busy machine.
beforeAll(async () => {
  await complaints('');
}, 60_000);

it.each([
  ['a variable', `const values = of(1);`, 'values'],
  ['a parameter', `export function f(source: Observable<number>): void {}`, 'source'],
  ['a parameter with a default', `export const f = (source = of(1)): void => {};`, 'source'],
  ['a parameter of a method type', `export interface F { f(source: Observable<number>): void }`, 'source'],
  ['a renamed property', `export const f = ({ data: bytes }: { data: Observable<number> }): void => {};`, 'bytes'],
])('%s that holds an Observable ends in $', async (_kind, code, name) => {
  expect(await complaints(code)).toEqual([`'${name}' holds an Observable: name it '${name}$'.`]);
});

it.each([
  ['a name that ends in $', `const values$ = of(1);`],
  ['a function that returns one', `export const f = (): Observable<number> => of(1);`],
  ['a callback that may answer with one', `export function f(verify: () => ObservableInput<boolean>): void {}`],
  ['a subject', `const input = new Subject<number>();`],
  ['a type with a name of its own', `type Lease = Observable<string>; export function f(lease: Lease): void {}`],
  ['a property', `export interface Events { readonly Connected: Observable<string> }`],
  ['a property taken under its own name', `export const f = ({ data }: { data: Observable<number> }): void => {};`],
])('%s is left alone', async (_kind, code) => {
  expect(await complaints(code)).toEqual([]);
});
