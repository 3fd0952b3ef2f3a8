import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { parsePhcString } from 'rxsshd';
import { describe, expect, it } from 'vitest';

import { codeBlocks } from '../../../test/support/documented-examples.js';
import { argon2idHasher, bcryptHasher } from '../src/index.js';

const plugin = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(plugin, file), 'utf8');

describe('README.md of the plugin', () => {
  const readme = read('README.md');
  const rows = new Map(
    [...readme.matchAll(/^\| `([\w.]+)` +\| `?([^|`]+?)`? +\|/gm)].map(([, name = '', value = '']) => [name, value]),
  );

  it('shows its example as it is, and no other code', () => {
    expect(codeBlocks(readme, 'ts').map(({ code }) => code)).toEqual([read('examples/imported-hashes.ts')]);
  });

  it('gives the settings, and the costs as they are', () => {
    expect([...rows.keys()]).toEqual([
      'argon2id',
      'scrypt',
      'bcrypt.workers',
      'bcrypt.maxCost',
      'bcrypt.decoyCost',
      'bcrypt.longPasswords',
      'maxConcurrent',
      'maxWaiting',
      'maxPasswordBytes',
      'decoys',
    ]);
    const { m, t, p } = parsePhcString(argon2idHasher().decoy).parameters;
    expect(rows.get('argon2id')).toBe(`m=${String(m)}, t=${String(t)}, p=${String(p)}`);
    expect(bcryptHasher().decoy).toContain(`$${String(rows.get('bcrypt.decoyCost'))}$`);
  });

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

    expect(links).not.toEqual([]);
    expect(links.filter((target) => !existsSync(path.join(plugin, target)))).toEqual([]);
  });
});
