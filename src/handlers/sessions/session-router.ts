import type { SshServerError } from '../../errors.js';
import type { Channel, ServeChannel } from '../../streams/channel.js';
import { EachVerdict } from '../../streams/each-verdict.js';
import type { SSHChannelRequest } from '../../streams/events/ssh-channel-request.js';
import type { PlacedPolicy } from '../../streams/policy-stage.js';
import { serveWith, type Verdict } from '../../streams/verdict.js';
import type { ExecFunction, ServiceRoute } from '../handler-function.js';
import type { CommandTable } from '../policies/routing/command-table.js';
import { runService } from './run-service.js';

/** The services of a server by what asks for them (RFC 4254 section 6.5). */
export interface ServiceRoutes {
  readonly exec: CommandTable<ExecFunction>;
  readonly shell: ServiceRoute | undefined;
  /** By name, `*` for all other names. */
  readonly subsystems: ReadonlyMap<string, ServiceRoute>;
}

/** Told of a service that failed on a channel, for the `Error` event. Must not throw. */
export type ReportServiceFailure = (error: SshServerError, source: string, channel: Channel) => void;

/**
 * The one policy that brings `exec`, `shell` and `subsystem` requests on session channels to their services.
 *
 * It grants an open request that a service is there for, in the service's name, and leaves the others open, so that
 * another route may take them; in the end they are denied. A request that an earlier policy granted without saying what
 * runs gets its service too. Denied requests and those that have something to run pass untouched.
 */
export function sessionRouter(routes: ServiceRoutes, report: ReportServiceFailure): PlacedPolicy<SSHChannelRequest> {
  return {
    source: 'rxsshd/router',
    phase: 'route',
    policy: (verdict$) =>
      new EachVerdict(verdict$, (verdict) => {
        if (verdict.state === 'denied') return verdict;
        const match = findRoute(routes, verdict.request);
        return match === undefined ? verdict : serve(verdict, match, report);
      }),
  };
}

interface Match {
  readonly route: ServiceRoute;
  readonly arguments: string;
}

function findRoute(routes: ServiceRoutes, { channelType, detail }: SSHChannelRequest): Match | undefined {
  if (channelType !== 'session') return undefined;
  switch (detail.type) {
    case 'exec': {
      const route = routes.exec.find(detail.command);
      return route && { route, arguments: argumentsOf(route.command, detail.command) };
    }
    case 'shell':
      return routes.shell && { route: routes.shell, arguments: '' };
    case 'subsystem': {
      const route = routes.subsystems.get(detail.subsystemName) ?? routes.subsystems.get('*');
      return route && { route, arguments: '' };
    }
    default:
      return undefined;
  }
}

/** What `command` says beyond the words of the pattern that matched it. */
function argumentsOf(pattern: string, command: string): string {
  if (!pattern.endsWith('*')) return '';
  const words = pattern.slice(0, -1).trimEnd();
  return command.slice(words.length).replace(/^[ \t]+/, '');
}

function serve(
  verdict: Exclude<Verdict<SSHChannelRequest>, { readonly state: 'denied' }>,
  { route, arguments: rest }: Match,
  report: ReportServiceFailure,
): Verdict<SSHChannelRequest> {
  const run: ServeChannel = (channel) => {
    runService(channel, route.service, {
      ...route.options,
      source: route.source,
      arguments: rest,
      onFailure: (error) => {
        report(error, route.source, channel);
      },
    });
  };
  if (verdict.state === 'open') return serveWith(verdict, route.source, run);
  return verdict.serve === undefined ? { ...verdict, serve: run } : verdict;
}
