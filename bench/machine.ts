import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg, release, totalmem } from 'node:os';
import { benchPath } from './servers/node-command.js';
import { ssh2HasAddon } from './servers/raw-ssh2.js';

/** Facts for the head of the report, as label and text. */
export type Facts = readonly (readonly [label: string, text: string])[];

/** Describes the machine and the software that all servers share. */
export function describeMachine(): Facts {
  const cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
  const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? 'unknown';
  const { openssl } = process.versions;
  return [
    ['date', `${new Date().toISOString().slice(0, 16)}Z`],
    ['commit', commit()],
    ['CPU', `${field('model name')} (family ${field('cpu family')}, model ${field('model')})`],
    ['cores', String(availableParallelism())],
    ['memory', `${String(Math.round(totalmem() / 2 ** 30))} GiB`],
    ['kernel', `Linux ${release()}`],
    ['node', `${process.version} (OpenSSL ${openssl})`],
    ['ssh2 native addon', ssh2HasAddon() ? 'present' : 'MISSING: bulk and small packets cost 1.3 to 3.5 times as much'],
    ['ssh client', firstWords('ssh', ['-V'])],
  ];
}

/** Load averages over 1, 5 and 15 minutes, as text. */
export function loadAverage(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(' ');
}

function commit(): string {
  const git = (...args: string[]) => spawnSync('git', ['-C', benchPath('..'), ...args], { encoding: 'utf8' });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.status !== 0) return 'none';
  const changed = git('status', '--porcelain').stdout.trim() !== '';
  return head.stdout.trim() + (changed ? ', with uncommitted changes' : '');
}

function firstWords(program: string, args: string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return (stdout + stderr).split('\n', 1)[0]?.trim() ?? 'unknown';
}
