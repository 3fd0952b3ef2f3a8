import { readFileSync } from 'node:fs';

/** The version of this package, as its package.json has it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  // The file is this package's own.
  return (JSON.parse(text) as { readonly version: string }).version;
}
