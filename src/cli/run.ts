import { messageOf } from '../errors.js';
import { packageVersion } from '../recording/package-version.js';
import { readArguments } from './arguments.js';
import { CliError } from './cli-error.js';
import type { Outcome } from './outcome.js';
import { policies } from './policies.js';
import { replayCommand } from './replay-command.js';
import { USAGE } from './usage.js';

/**
 * Runs a command line, without the program's name. Never rejects: what went wrong is in the outcome, without a stack.
 *
 * @param directory - where relative paths begin
 */
export async function run(args: readonly string[], directory: string): Promise<Outcome> {
  try {
    const wanted = readArguments(args);
    switch (wanted.command) {
      case 'help':
        return printed(USAGE);
      case 'version':
        return printed(`${packageVersion()}\n`);
      case 'policies':
        return await policies(wanted, directory);
      case 'replay':
        return await replayCommand(wanted, directory);
    }
  } catch (cause) {
    const exitCode = cause instanceof CliError ? cause.exitCode : 1;
    return { output: '', complaint: `rxsshd: ${messageOf(cause)}\n`, exitCode };
  }
}

const printed = (output: string): Outcome => ({ output, complaint: '', exitCode: 0 });
