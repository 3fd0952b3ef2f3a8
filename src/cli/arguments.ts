import { parseArgs } from 'node:util';

import { messageOf } from '../errors.js';
import { CliError } from './cli-error.js';

/** What a command line asks for. */
export type Arguments =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  | { readonly command: 'policies'; readonly module: string; readonly json: boolean };

/**
 * Reads a command line, without the program's name.
 *
 * @throws {@link CliError} with exit status 2 for an unknown command or option, or a missing or superfluous module.
 */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  if (values.help === true) return { command: 'help' };
  if (values.version === true) return { command: 'version' };

  const [command, module, ...rest] = positionals;
  if (command === undefined) throw misuse('name a command');
  if (command !== 'policies') throw misuse(`there is no command "${command}"`);
  if (module === undefined) throw misuse('name the module whose policies are wanted');
  if (rest.length > 0) throw misuse(`one module at a time, without "${rest.join(' ')}"`);
  return { command, module, json: values.json === true };
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
      },
    });
  } catch (cause) {
    throw misuse(messageOf(cause), cause);
  }
}

const misuse = (complaint: string, cause?: unknown): CliError =>
  new CliError(2, `${complaint}; rxsshd --help tells more`, { cause });
