import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../../streams/policy.js';
import { CommandTable } from './command-table.js';
import { routePolicy } from './route-policy.js';
import { readRoutes, type RouteOptions, type Routes, tableOf } from './routes.js';

/**
 * Grants `exec` requests on session channels whose command has a route, and says what runs (RFC 4254 section 6.5).
 *
 * `uptime` is that command to the letter, `echo *` is `echo` with or without arguments, `*` is any other. An exact route
 * comes first, then the longest; nothing is parsed as a shell would. What runs gets the whole command, `echo a; rm b`
 * for one: take it apart yourself, or give it to nobody who does as a shell does. Commands without a route, and those of
 * users whom `users` leaves out, stay open for later policies.
 *
 * @example
 * ```ts
 * const say =
 *   (text: string): ServeChannel =>
 *   (channel) => {
 *     channel.stream.end(text);
 *     channel.sendExitStatus(0);
 *     channel.close();
 *   };
 * const commands = routeCommands({ uptime: say('up\n'), 'git log *': say('no commits\n'), 'git *': say('no git\n') });
 * ```
 *
 * @throws {@link SshServerError} when called: `ERR_SSH_ROUTE_CONFLICT` if a pattern is not well formed or there are two
 * for one thing, `ERR_SSH_POLICY_OPTION` if a value is not a function, `users` is no list of names or the policy's name is
 * empty.
 */
export function routeCommands(routes: Routes, options: RouteOptions = {}): Policy<SSHChannelRequest> {
  const entries = readRoutes('routeCommands', routes, options);
  const table = tableOf('routeCommands', () => new CommandTable(entries));

  return routePolicy({
    policy: 'routeCommands',
    kind: 'exec',
    patterns: entries.map(([pattern]) => pattern),
    options,
    find: ({ channelType, detail }) =>
      channelType === 'session' && detail.type === 'exec' ? table.find(detail.command) : undefined,
  });
}
