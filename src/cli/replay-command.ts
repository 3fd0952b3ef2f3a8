import path from 'node:path';

import { messageOf } from '../errors.js';
import { replay } from '../testing/replay/replay.js';
import { CliError } from './cli-error.js';
import { loadOptions } from './load-server.js';
import type { Outcome } from './outcome.js';
import { replayJson } from './replay-json.js';
import { replayText } from './replay-text.js';

/** What `rxsshd replay` was told. */
export interface ReplayArguments {
  readonly recording: string;
  readonly module: string;
  readonly json: boolean;
  /** Whether changes are a failure. */
  readonly exitCode: boolean;
}

/**
 * The command `rxsshd replay`: decides recorded traffic again with the server in a module, and prints what comes out otherwise.
 *
 * @throws {@link CliError} with exit status 1 if the recording cannot be read, or the module cannot be loaded, or its server cannot be built.
 */
export async function replayCommand(
  { recording, module, json, exitCode }: ReplayArguments,
  directory: string,
): Promise<Outcome> {
  const warnings: string[] = [];
  const options = await loadOptions(module, directory);
  try {
    const report = await replay(path.resolve(directory, recording), {
      ...options,
      onWarning: (message) => warnings.push(`warning: ${message}\n`),
    });
    return {
      output: json ? replayJson(report) : replayText(report),
      complaint: warnings.join(''),
      exitCode: exitCode && report.changes.length > 0 ? 1 : 0,
    };
  } catch (cause) {
    throw new CliError(1, `${recording} cannot be replayed with ${module}: ${messageOf(cause)}`, { cause });
  }
}
