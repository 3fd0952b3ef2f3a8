import { createServer } from '../../di/create-server.js';
import type { CreateServerOptions } from '../../di/server-options.js';
import { decide, type HandlerFunction } from '../../handlers/handler-function.js';
import type { Policy } from '../../streams/policy.js';
import { SSH_REQUEST_TYPES, type SshRequests, type SshRequestType } from '../../streams/events/ssh-request.js';
import { generateHostKey } from '../../transport/host-keys/generate-host-key.js';
import type { HostKey } from '../../transport/host-keys/host-key.js';
import { Simulation } from './simulation.js';
import { VirtualTime } from './virtual-time.js';

/** Policies by the request that they decide, in the order in which they are asked. */
export type PolicyLists = { readonly [Type in SshRequestType]?: readonly Policy<SshRequests[Type]>[] };

/** What {@link simulate} builds a server of: the options of `createServer`, of which none is needed. */
export interface SimulateOptions extends Omit<CreateServerOptions, 'hostKeys' | 'clock'> {
  /** Bare policies, for a test without handlers; they come before the handlers. */
  readonly policies?: PolicyLists;
  /** Default a generated one. It proves nothing here, but handlers may ask for it. */
  readonly hostKeys?: readonly HostKey[];
  /** When virtual time begins. Default 2026-01-01T00:00:00Z, a Thursday. */
  readonly startAt?: Date | string;
}

const START = '2026-01-01T00:00:00Z';

/** Made once: no test depends on which it is. */
let hostKey: Promise<HostKey> | undefined;

/**
 * Runs a whole server in virtual time: the real container, handlers, policies, leases and timers, and the real state machines of
 * the protocol, against clients that are written as marbles. No socket, no cryptography; a month takes milliseconds.
 *
 * Promises settle before time goes on, and the timers of the process are virtual as long as the simulation lives: dispose
 * of it with `await using`. There is one simulation at once in a process. What does real work, such as reading a file, needs
 * {@link Simulation.hold}.
 *
 * @example
 * ```ts
 * await using simulation = await simulate({
 *   policies: { SSHUserAuthRequest: [grantPassword((user, password) => user === 'ann' && password === 'right')] },
 * });
 * const ann = simulation.client('192.0.2.7', 'c-w-r', {
 *   w: authRequest.password('ann', 'wrong'),
 *   r: authRequest.password('ann', 'right'),
 * });
 * simulation.expectClient(ann).toBe('c-d-g');
 * await simulation.run();
 * ```
 *
 * @throws SshServerError as `createServer` does; `ERR_SSH_STATE` while another simulation lives; `ERR_SSH_OPTION` if the
 *   package `@sinonjs/fake-timers` is not installed
 */
export async function simulate({
  policies = {},
  handlers = [],
  hostKeys,
  startAt = START,
  ...options
}: SimulateOptions): Promise<Simulation> {
  hostKey ??= generateHostKey('ssh-ed25519').then((generated) => generated.hostKey);
  const keys = hostKeys ?? [await hostKey];
  const time = await VirtualTime.begin(new Date(startAt).getTime());
  try {
    const server = await createServer({
      onWarning: () => undefined,
      ...options,
      hostKeys: keys,
      handlers: [...handlersOf(policies), ...handlers],
      clock: time.clock,
    });
    return new Simulation(server, time);
  } catch (cause) {
    time[Symbol.dispose]();
    throw cause;
  }
}

/** The same as functions with a place, named after it. */
const handlersOf = (policies: PolicyLists): readonly HandlerFunction[] =>
  SSH_REQUEST_TYPES.flatMap((type) =>
    (policies[type] ?? []).map((policy, index) =>
      // The list under a request's name takes exactly these requests; TypeScript does not correlate the two.
      (decide as (type: SshRequestType, policy: unknown, place: object) => HandlerFunction)(type, policy, {
        source: `policies.${type}[${String(index)}]`,
      }),
    ),
  );
