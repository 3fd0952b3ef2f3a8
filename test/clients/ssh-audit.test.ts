import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ALGORITHM_PRESETS, type AlgorithmPreset } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { KeyKind } from '../support/client-keys.js';
import { ClientSite } from '../support/client-site.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const programs = requires(['ssh-audit', 'ssh-keygen']);
const guide = readFileSync(path.resolve(import.meta.dirname, '../../docs/algorithms.md'), 'utf8');

/** Names that are newer than the installed tool, which warns of all that it does not know. */
const NEWER = ['mlkem768x25519-sha256', 'kex-strict-s-v00@openssh.com'];

/** What the tool finds, as `name: finding`; without what it does not know. */
function findings(report: string): readonly string[] {
  const found: string[] = [];
  let name = '';
  for (const line of report.split('\n')) {
    const [, , algorithm, level, text = ''] =
      /^(\((?:kex|key|enc|mac)\) (\S+) .*?|\s+`)-+ \[(fail|warn|info)\] (.*?)\s*$/u.exec(line) ?? [];
    name = algorithm ?? name;
    if (level === undefined || level === 'info') continue;
    if (text === 'unknown algorithm' && NEWER.includes(name)) continue;
    found.push(`${name}: ${text}`);
  }
  return found;
}

/** The table of docs/algorithms.md below a heading, in the same form. */
function documented(heading: string): readonly string[] {
  const section = guide.split(/^## /mu).find((it) => it.startsWith(heading));
  if (section === undefined) throw new Error(`docs/algorithms.md has no section ${heading}`);
  const rows = section.matchAll(/^\| `([^|]*)` +\| (?:fail|warn) +\| ([^|]*?) *\|/gmu);
  return [...rows].flatMap(([, names = '', text = '']) => names.split('`, `').map((name) => `${name}: ${text}`));
}

const SITES: Readonly<Record<AlgorithmPreset, readonly KeyKind[]>> = {
  modern: [],
  compatible: ['ecdsa256', 'ecdsa384', 'ecdsa521'],
  fips: ['ecdsa256', 'ecdsa384', 'ecdsa521'],
};

describe.skipIf(programs.missing.length > 0)(programs.title('ssh-audit'), () => {
  const reports = new Map<AlgorithmPreset, string>();

  beforeAll(async () => {
    for (const [preset, hostKeys] of Object.entries(SITES)) {
      const site = await ClientSite.open({
        keygen: programs.path('ssh-keygen'),
        hostKeys,
        settings: { ALGORITHMS: preset },
      });
      const { host, port } = site.server;
      const { stdout } = await runProgram(programs.path('ssh-audit'), ['-n', '-p', String(port), host]);
      // The keys of SITES are the names of presets.
      reports.set(preset as AlgorithmPreset, stdout.toString());
      await site.close();
    }
  });

  afterAll(() => {
    reports.clear();
  });

  const reportOf = (preset: AlgorithmPreset): string => reports.get(preset) ?? '';

  it.each(Object.keys(SITES) as AlgorithmPreset[])('sees all that the preset %s offers', (preset) => {
    const { keyExchange, ciphers, macs } = ALGORITHM_PRESETS[preset];
    const seen = (kind: string): readonly string[] =>
      [...reportOf(preset).matchAll(new RegExp(`^\\(${kind}\\) (\\S+)`, 'gmu'))].map(([, name = '']) => name);

    expect(seen('kex')).toEqual([...keyExchange, 'kex-strict-s-v00@openssh.com']);
    expect(seen('enc')).toEqual(ciphers);
    expect(seen('mac')).toEqual(macs);
  });

  it('finds nothing in the algorithms that are on by default', () => {
    expect(reportOf('modern')).toContain('mlkem768x25519-sha256');
    expect(findings(reportOf('modern'))).toEqual([]);
  });

  it.each(['compatible', 'fips'] as const)('finds in the preset %s what docs/algorithms.md lists', (preset) => {
    expect(findings(reportOf(preset)).toSorted()).toEqual(
      documented('What an audit says of `compatible` and `fips`').toSorted(),
    );
    expect(findings(reportOf(preset)).length).toBeGreaterThan(5);
  });
});
