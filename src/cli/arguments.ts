import { parseArgs } from 'node:util';

import { messageOf } from '../errors.js';
import { CliError } from './cli-error.js';
import type { ReplayArguments } from './replay-command.js';

/** What a command line asks for. */
export type Arguments =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  | { readonly command: 'policies'; readonly module: string; readonly json: boolean }
  | ({ readonly command: 'replay' } & ReplayArguments);

/**
 * Reads a command line, without the program's name.
 *
 * @throws {@link CliError} with exit status 2 for an unknown command or option, or a missing or superfluous module.
 */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  if (values.help === true) return { command: 'help' };
  if (values.version === true) return { command: 'version' };

  const [command, ...operands] = positionals;
  const { json = false, 'exit-code': exitCode = false } = values;
  switch (command) {
    case undefined:
      throw misuse('name a command');
    case 'policies': {
      const [module, ...rest] = operands;
      if (module === undefined) throw misuse('name the module whose policies are wanted');
      if (rest.length > 0) throw misuse(`one module at a time, without "${rest.join(' ')}"`);
      if (exitCode) throw misuse('--exit-code is an option of replay');
      return { command, module, json };
    }
    case 'replay': {
      const [recording, module, ...rest] = operands;
      if (recording === undefined) throw misuse('name the recording, and the module whose policies are to decide');
      if (module === undefined) throw misuse('name the module whose policies are to decide');
      if (rest.length > 0) throw misuse(`one recording and one module at a time, without "${rest.join(' ')}"`);
      return { command, recording, module, json, exitCode };
    }
    default:
      throw misuse(`there is no command "${command}"`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        json: { type: 'boolean' },
        'exit-code': { type: 'boolean' },
      },
    });
  } catch (cause) {
    throw misuse(messageOf(cause), cause);
  }
}

const misuse = (complaint: string, cause?: unknown): CliError =>
  new CliError(2, `${complaint}; rxsshd --help tells more`, { cause });
