import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { measureRefusals } from './clients/refusals.js';
import { within } from './deadline.js';
import { describeMachine } from './machine.js';
import { messageOf } from './message-of.js';
import { equivalence, type Equivalence } from './report/equivalence.js';
import { median } from './report/statistics.js';
import { comparePairs, type Pair } from './report/two-samples.js';
import { benchPath } from './servers/node-command.js';

const USAGE = `usage: node --import tsx bench/refusal-time.ts [--pairs N] [--out FILE]

  --pairs N   refusals of each kind by scrypt, 100 to 10000 (default 300); of the others more or fewer
  --out FILE  where the report goes (default: printed only)
`;

const START_MS = 60_000;
const REFUSAL_MS = 5_000;

/** A way to refuse. */
interface Way {
  readonly scheme: string;
  /** Pairs, as a multiple of those that were asked for. */
  readonly share: number;
  /** What has to be shown. */
  readonly expected: Equivalence;
  /** How much two ways that are the same may differ, in milliseconds, for refusals of that median. */
  readonly margin: (medianMs: number) => number;
}

/** Of the time that it takes: a hash itself varies by more from one call to the next. */
const onePercent: Way['margin'] = (medianMs) => medianMs / 100;

/** Where an instruction more or less is seen, so small that no network carries it. */
const MICROSECONDS = 5;
const microseconds: Way['margin'] = () => MICROSECONDS / 1000;

/**
 * With a cheap hash, which nobody should use, differences show beside it that would drown in the noise of a dear one. The last is there
 * to show that the measurement sees a difference where there is one.
 */
const WAYS: readonly Way[] = [
  { scheme: 'scrypt', share: 1, expected: 'the same', margin: onePercent },
  { scheme: 'argon2id', share: 2, expected: 'the same', margin: onePercent },
  { scheme: 'cheap scrypt', share: 20, expected: 'the same', margin: microseconds },
  { scheme: 'no decoy', share: 0.1, expected: 'differs', margin: onePercent },
];

/** Runs `work` against a server of this kind in a process of its own. */
async function withServer<T>(scheme: string, work: (port: number) => Promise<T>): Promise<T> {
  const args = ['--import', 'tsx', benchPath('servers/refusing.ts'), scheme];
  const server = spawn(process.execPath, args, { cwd: benchPath('..'), stdio: ['ignore', 'pipe', 'inherit'] });
  const listening = (async (): Promise<number> => {
    for await (const line of createInterface(server.stdout)) {
      const [, port] = /^listening on ssh:\/\/127\.0\.0\.1:(\d+)$/.exec(line) ?? [];
      if (port !== undefined) return Number(port);
    }
    throw new Error(`the server for ${scheme} ended before it listened`);
  })();
  try {
    return await work(await within(START_MS, 'start', listening));
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }
}

const milliseconds = (value: number): string => value.toFixed(4);

function rowOf(
  { scheme, margin }: Way,
  pairs: readonly Pair[],
): { readonly row: string; readonly verdict: Equivalence } {
  const { difference, interval, share, p } = comparePairs(pairs);
  const [least, most] = interval;
  const known = median(pairs.map(([, ofKnown]) => ofKnown));
  const allowed = margin(known);
  const verdict = equivalence(interval, allowed);
  const cells = [
    scheme,
    String(pairs.length),
    milliseconds(median(pairs.map(([unknown]) => unknown))),
    milliseconds(known),
    milliseconds(difference),
    `${milliseconds(least)} to ${milliseconds(most)}`,
    milliseconds(allowed),
    share.toFixed(3),
    p < 0.001 ? '< 0.001' : p.toFixed(3),
    verdict,
  ];
  return { row: `| ${cells.join(' | ')} |`, verdict };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { pairs: { type: 'string', default: '300' }, out: { type: 'string' } } });
  const count = Number(values.pairs);
  if (!Number.isInteger(count) || count < 100 || count > 10_000) throw new Error(USAGE.trim());

  const rows: string[] = [];
  const unmet: string[] = [];
  for (const way of WAYS) {
    const share = Math.round(count * way.share);
    const pairs = await withServer(way.scheme, (port) =>
      within(share * 2 * REFUSAL_MS, way.scheme, measureRefusals(port, share)),
    );
    const { row, verdict } = rowOf(way, pairs);
    process.stderr.write(`${row}\n`);
    rows.push(row);
    if (verdict !== way.expected) unmet.push(`${way.scheme}: ${verdict}, and not ${way.expected}`);
  }

  const report = [
    '# Time to refuse a password',
    '',
    '`node --import tsx bench/refusal-time.ts --out bench/RESULTS-refusal.md` has written this; README.md explains it.',
    '',
    ...describeMachine().map(([label, text]) => `- ${label}: ${text}`),
    '',
    'Milliseconds from the request to SSH_MSG_USERAUTH_FAILURE, in pairs: of a user who does not exist, and of one who does, with a wrong password.',
    '',
    '| way to verify | pairs | unknown user, median | known user, median | difference within pairs, median | 95 % confidence | margin | unknown user slower, share | p | verdict |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'They are the same if all that the difference may be, with 95 % confidence, is within the margin: 1 % of the median, and 5 µs for `cheap scrypt`, which takes so little time that differences beside it would show. They differ if all of it is outside, and otherwise nothing is decided: a quieter machine or more pairs may. `no decoy` is how it is not done: `grantPassword` with a function that looks no further once there is no such user.',
    '',
  ].join('\n');
  if (values.out === undefined) process.stdout.write(report);
  else writeFileSync(values.out, report);
  if (unmet.length > 0) throw new Error(unmet.join('; '));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
