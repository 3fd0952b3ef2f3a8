import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, '../../examples');

/** The files in `examples`, by what they contain: the other way round than one is used to, to find what a page shows. */
export function exampleFiles(): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [readFileSync(path.join(folder, name), 'utf8'), name]),
  );
}
