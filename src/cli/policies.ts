import { messageOf } from '../errors.js';
import { CliError } from './cli-error.js';
import { loadServer } from './load-server.js';
import type { Outcome } from './outcome.js';
import { policyJson } from './policy-json.js';
import { policyTable } from './policy-table.js';

/**
 * The command `rxsshd policies`: prints the resolved chain of each type of request of the server in a module.
 *
 * @throws {@link CliError} with exit status 1 if the module cannot be loaded, or its server cannot be built or shut down.
 */
export async function policies(
  { module, json }: { readonly module: string; readonly json: boolean },
  directory: string,
): Promise<Outcome> {
  const warnings: string[] = [];
  const server = await loadServer(module, directory, (message) => warnings.push(`warning: ${message}\n`));
  const described = server.describe();
  try {
    await server.shutdown();
  } catch (cause) {
    throw new CliError(1, `the server of ${module} cannot be shut down: ${messageOf(cause)}`, { cause });
  }
  return {
    output: json ? policyJson(described) : policyTable(described),
    complaint: warnings.join(''),
    exitCode: 0,
  };
}
