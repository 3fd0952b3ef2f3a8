import { SshServerError } from '../errors.js';
import type { ExecFunction, HandlerFunction, ServiceRoute } from '../handlers/handler-function.js';
import { CommandTable } from '../handlers/policies/routing/command-table.js';
import type { ServiceRoutes } from '../handlers/sessions/session-router.js';

/**
 * The services among `functions`, by what asks for them.
 *
 * @throws {@link SshServerError} `ERR_SSH_ROUTE_CONFLICT` if there are two for one command, subsystem or the shell, if a
 * command is no pattern, or if a subsystem has no name.
 */
export function exploreServices(functions: readonly HandlerFunction[]): ServiceRoutes {
  const commands = new Map<string, ExecFunction>();
  const subsystems = new Map<string, ServiceRoute>();
  let shell: ServiceRoute | undefined;

  for (const it of functions) {
    switch (it.kind) {
      case 'exec':
        checkPattern(it);
        claim(`exec "${it.command}" is routed`, commands.get(it.command), it, 'Rename one command');
        commands.set(it.command, it);
        break;
      case 'subsystem':
        if (it.name === '') throw conflict(`${it.source} serves a subsystem without a name. Name it.`);
        claim(`subsystem "${it.name}" is routed`, subsystems.get(it.name), it, 'Rename one subsystem');
        subsystems.set(it.name, it);
        break;
      case 'shell':
        claim('the shell is served', shell, it, 'Remove one @Shell()');
        shell = it;
        break;
      default:
    }
  }
  return { exec: new CommandTable(commands), shell, subsystems };
}

function claim(what: string, taken: ServiceRoute | undefined, rival: ServiceRoute, wayOut: string): void {
  if (taken === undefined) return;
  throw conflict(`${what} twice: ${taken.source} and ${rival.source}. ${wayOut} or unbind one handler.`);
}

/** The table says what is wrong with a pattern, but not whose it is. */
function checkPattern({ command, source }: ExecFunction): void {
  try {
    new CommandTable([[command, source]]);
  } catch (cause) {
    if (!SshServerError.is(cause)) throw cause;
    throw new SshServerError(cause.code, `${source}: ${cause.message}`, { cause });
  }
}

const conflict = (message: string): SshServerError => new SshServerError('ERR_SSH_ROUTE_CONFLICT', message);
