import { readRecording } from '../../recording/read-recording.js';
import { Recollections } from './recollections.js';
import type { ReplayOptions } from './replay-options.js';
import { countBy, type DecisionChange, type ReplayReport } from './replay-report.js';
import { ReplayedRun } from './replayed-run.js';

/**
 * Decides recorded traffic again, under other policies and in virtual time, and lists each decision that comes out otherwise.
 *
 * A server is built of `options` for each run of the recorded one, and simulated clients do what the recorded ones did, when they
 * did it. Policies, leases and timers are the real ones; nothing that is granted is run. Counters begin empty in memory, whatever
 * store they are in otherwise: nobody is banned by a replay. Of passwords and answers the recording tells whether they were right,
 * and for which policy; `verify` is never called, so a change of it is not seen. Policies that verify secrets need the names that
 * they had, and two of them need names of their own. Credentials that nobody verified count as wrong. What a policy asks of
 * the world outside, it asks again, of the world of today. What programs sent is not recorded, so a session that only receives is idle
 * to `idleTimeout`.
 *
 * One replay or simulation at once in a process, as for `simulate`.
 *
 * @example
 * ```ts
 * const { changes, summary } = await replay('log/traffic.jsonl', {
 *   policies: { SSHUserAuthRequest: [denyUsers(['root']), grantPassword(() => false)] },
 * });
 * console.log(`${String(changes.length)} decisions would change`, summary.byUser);
 * ```
 *
 * @param path - as `record` was given it
 * @throws SshServerError `ERR_SSH_RECORDING` if there is no recording or it cannot be read; what `simulate` throws
 */
export async function replay(path: string, options: ReplayOptions): Promise<ReplayReport> {
  const recollections = await Recollections.from(path);
  const total = { decisions: 0, unreached: 0, unknownCredentials: 0, missing: 0 };
  const changes: DecisionChange[] = [];
  let run: ReplayedRun | undefined;

  const finish = async (): Promise<void> => {
    if (run === undefined) return;
    const ended = await run.end();
    run = undefined;
    total.decisions += ended.decisions;
    total.unreached += ended.unreached;
    total.unknownCredentials += ended.unknownCredentials;
    changes.push(...ended.changes);
  };
  try {
    for await (const line of readRecording(path)) {
      switch (line.kind) {
        case 'part':
          if (run?.number !== line.header.run) {
            await finish();
            run = await ReplayedRun.begin(line.header, options, recollections);
          }
          break;
        case 'event':
          if ((await run?.replay(line)) === false) total.missing += 1;
          break;
        case 'dropped':
          total.missing += line.count;
          break;
        case 'skipped':
          total.missing += 1;
          break;
        case 'torn':
          break;
        default:
          line satisfies never;
      }
    }
  } finally {
    await finish();
  }
  return {
    ...total,
    changes,
    summary: {
      byPolicy: countBy(changes, ({ replayed, recorded }) => (replayed ?? recorded)?.by),
      bySource: countBy(changes, ({ connection }) => connection.remoteAddress),
      byUser: countBy(changes, ({ user }) => user),
    },
  };
}
