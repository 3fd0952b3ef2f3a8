import { Container } from 'inversify';

import { WildcardPattern } from '../handlers/policies/matching/wildcard-pattern.js';
import type { ReportServiceFailure } from '../handlers/sessions/session-router.js';
import { after, type Clock, systemClock } from '../streams/clock.js';
import { EventHub } from '../streams/event-hub.js';
import { LOG_STEP_LEVELS } from '../streams/log-step-levels.js';
import type { Rehearsal } from '../streams/rehearsal.js';
import { nativeCiphers } from '../transport/engine/ssh2-internals.js';
import type { TransportSettings } from '../transport/transport-settings.js';
import { ApplicationServer } from './application-server.js';
import { ConnectionScopes } from './connection-scopes.js';
import { Explorer } from './explore.js';
import { buildHandlers } from './explore-container.js';
import { HostKeysInForce } from './host-keys-in-force.js';
import { Observers } from './observers.js';
import { checkPlugins } from './plugin.js';
import { type CreateServerOptions, readSettings, type ServerSettings } from './server-options.js';
import { CLOCK, EVENTS } from './tokens.js';

const warn = (message: string): void => {
  process.emitWarning(message, 'SshServerWarning');
};

/**
 * Builds a server: loads modules and plugins into a container of its own, builds the handlers, checks everything.
 *
 * Nothing listens yet; two servers in one process do not see each other.
 *
 * @example
 * ```ts
 * const signIn = decide('SSHUserAuthRequest', grantPassword((_user, password) => password === 'demo'));
 * const server = await createServer({
 *   hostKeys: [await loadOrCreateHostKey('state/host_key')],
 *   handlers: [signIn, exec('hello', (session) => `hello ${session.user}\n`)],
 * });
 * await server.listen({ port: 2222 });
 * ```
 *
 * @throws SshServerError `ERR_SSH_OPTION` for a bad option, with its path; `ERR_SSH_HANDLER` and `ERR_SSH_ROUTE_CONFLICT`
 *   for handlers that cannot work, with `Class.method`; `ERR_SSH_PLUGIN` for plugins that cannot be loaded together;
 *   `ERR_SSH_POLICY_FAILED` for a policy that throws while it is built.
 */
export function createServer(options: CreateServerOptions): Promise<ApplicationServer> {
  return assembleServer(options);
}

/** As {@link createServer}; with a rehearsal, for the replay of recorded traffic. */
export async function assembleServer(options: CreateServerOptions, rehearsal?: Rehearsal): Promise<ApplicationServer> {
  const settings = readSettings(options);
  checkPlugins(options.plugins ?? []);

  const container = new Container({ defaultScope: 'Singleton' });
  try {
    return await buildServer(options, settings, container, rehearsal);
  } catch (cause) {
    // What the modules have opened would keep the program running. The first failure is the one to tell of.
    await container.unbindAllAsync().catch(() => undefined);
    throw cause;
  }
}

async function buildServer(
  options: CreateServerOptions,
  settings: ServerSettings,
  container: Container,
  rehearsal: Rehearsal | undefined,
): Promise<ApplicationServer> {
  const { hostKeys, handlers = [], modules = [], connectionModules = [], plugins = [] } = options;
  const { clock = systemClock, onWarning = warn } = options;
  const hostKeysInForce = new HostKeysInForce(hostKeys, { algorithms: settings.algorithms, clock, onWarning });
  const hub = new EventHub();
  container.bind(CLOCK).toConstantValue(clock);
  container.bind(EVENTS).toConstantValue(hub.streams);
  await container.loadAsync(...modules, ...plugins.map((plugin) => plugin.module));

  const scopes = new ConnectionScopes({
    container,
    modules: [...connectionModules, ...plugins.flatMap((plugin) => plugin.connectionModule ?? [])],
    hub,
    // Asked for connections of the server, so after there is one.
    find: (id) => server.connection(id),
  });
  const given = [
    ...handlers,
    ...plugins.flatMap((plugin) => [...(plugin.handlers ?? []), ...(plugin.connectionHandlers ?? [])]),
  ];
  const explorer = new Explorer({ report: reportTo(hub), scopes });
  const built = await buildHandlers(container, given);
  const explored = explorer.explore(built);
  const observers = new Observers(hub);
  const startObservers = observers.prepare(rehearsal?.observers === false ? [] : explored.observers);
  let hasScopes = built.some(isScoped);

  const server: ApplicationServer = new ApplicationServer(
    {
      transport: transportSettings(hostKeysInForce, settings, clock),
      limits: settings.limits,
      admission: settings.admission,
      authMethods: settings.authMethods,
      publicKeySignatures: settings.algorithms.publicKeySignatures,
      loginGraceMs: settings.loginGraceMs,
      decisionDeadlineMs: settings.decisionDeadlineMs,
      logLevel: settings.logLevel,
      ...(settings.greeting === undefined ? {} : { greeting: asFunction(settings.greeting) }),
      ...(settings.banner === undefined ? {} : { banner: asFunction(settings.banner) }),
      admitsClient: matchesAny(settings.clientVersions),
      clock,
      ...(rehearsal === undefined ? {} : { rehearsal }),
      released: (connection) => {
        if (hasScopes) scopes.release(connection);
      },
      settled: () => scopes.settled(),
      dispose: () => container.unbindAllAsync(),
    },
    {
      container,
      explorer,
      observers,
      handlers: given,
      explored,
      hostKeys: hostKeysInForce,
      adopt: (handlersInForce) => {
        // Once there was one, connections of that time may still have a scope.
        hasScopes ||= handlersInForce.some(isScoped);
      },
    },
    hub,
  );
  startObservers();

  if ((explored.policies.SSHUserAuthRequest ?? []).length === 0) {
    onWarning(
      'no policy decides SSHUserAuthRequest, so this server refuses everybody. ' +
        'Add one, such as decide("SSHUserAuthRequest", grantPassword(verify)).',
    );
  }
  if (connectionModules.length > 0 && !hasScopes) {
    onWarning(
      'connectionModules are given, but no handler is of scope connection, so they are never loaded. ' +
        "Decorate the handler that needs them with @SshHandler({ scope: 'connection' }).",
    );
  }
  if (!nativeCiphers) {
    onWarning(
      'the native addon of ssh2 is not built, so bulk transfer costs two to four times the processor time. Install a C++ compiler and run npm rebuild ssh2.',
    );
  }
  return server;
}

/** The same text for everybody, or what makes one. */
const asFunction = <Subject>(text: string | ((subject: Subject) => string | undefined)) =>
  typeof text === 'string' ? () => text : text;

function matchesAny(patterns: readonly string[]): (line: string) => boolean {
  const wildcards = patterns.map((pattern) => new WildcardPattern(pattern));
  return (line) => wildcards.some((wildcard) => wildcard.matches(line));
}

/** Of the handlers only classes of scope `connection` come as they are. */
const isScoped = (handler: object): boolean => typeof handler === 'function';

const reportTo =
  (hub: EventHub): ReportServiceFailure =>
  (error, source, channel) => {
    if (!hub.wants('Error')) return;
    hub.emit({ type: 'Error', connection: channel.connection, channel: channel.id, error, source });
  };

/** `ping@openssh.com`: OpenSSH PROTOCOL section 1.9; its value is a version, and the only one is 0. */
const PING = { extensionName: 'ping@openssh.com', extensionValue: Buffer.from('0') };

function transportSettings(hostKeys: HostKeysInForce, settings: ServerSettings, clock: Clock): TransportSettings {
  const { algorithms } = settings;
  const signatures = Buffer.from(algorithms.publicKeySignatures.join(','));
  return {
    hostKeys: hostKeys.offer,
    identification: Buffer.from(settings.identification, 'latin1'),
    tracesPackets: settings.logLevel >= LOG_STEP_LEVELS.packet,
    extensions: [{ extensionName: 'server-sig-algs', extensionValue: signatures }, PING],
    rekey: settings.rekey,
    keyExchangeTimeoutMs: settings.keyExchangeTimeoutMs,
    now: () => clock.now(),
    schedule: (delayMs, work) => {
      const timer = after(clock, delayMs, work);
      return () => {
        timer.unsubscribe();
      };
    },
  };
}
