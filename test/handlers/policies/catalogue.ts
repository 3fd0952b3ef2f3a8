import { readFileSync } from 'node:fs';

import * as api from '../../../src/index.js';

const INDEX = readFileSync(new URL('../../../src/index.ts', import.meta.url), 'utf8');

/** The values, not the types, that the package exports from its folder of policies. */
const exported = [...INDEX.matchAll(/^export \{([^}]+)\} from '\.\/handlers\/policies\//gm)].flatMap(([, names = '']) =>
  names.split(',').map((name) => name.trim()),
);

/** The functions among them, each of which makes a policy. */
export const CATALOGUE: readonly string[] = exported
  .filter((name) => typeof Reflect.get(api, name) === 'function')
  .sort();
