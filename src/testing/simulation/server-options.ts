import type { CreateServerOptions } from '../../di/server-options.js';
import { decide, type HandlerFunction } from '../../handlers/handler-function.js';
import type { Clock } from '../../streams/clock.js';
import { SSH_REQUEST_TYPES, type SshRequests, type SshRequestType } from '../../streams/events/ssh-request.js';
import type { Policy } from '../../streams/policy.js';
import { generateHostKey } from '../../transport/host-keys/generate-host-key.js';
import type { HostKey } from '../../transport/host-keys/host-key.js';

/** Policies by the request that they decide, in the order in which they are asked. */
export type PolicyLists = { readonly [Type in SshRequestType]?: readonly Policy<SshRequests[Type]>[] };

/** What `simulate` builds a server of: the options of `createServer`, of which none is needed. */
export interface SimulateOptions extends Omit<CreateServerOptions, 'hostKeys' | 'clock'> {
  /** Bare policies, for a test without handlers; they come before the handlers. */
  readonly policies?: PolicyLists;
  /** Default a generated one. It proves nothing here, but handlers may ask for it. */
  readonly hostKeys?: readonly HostKey[];
  /** When virtual time begins. Default 2026-01-01T00:00:00Z, a Thursday. */
  readonly startAt?: Date | string;
}

/** Made once: no test depends on which it is. */
let hostKey: Promise<HostKey> | undefined;

const generatedHostKey = (): Promise<HostKey> =>
  (hostKey ??= generateHostKey('ssh-ed25519').then((generated) => generated.hostKey));

/** What `createServer` takes, for a server that lives by `clock`. */
export async function serverOptions(
  { policies = {}, handlers = [], hostKeys, ...options }: Omit<SimulateOptions, 'startAt'>,
  clock: Clock,
): Promise<CreateServerOptions> {
  return {
    onWarning: () => undefined,
    ...options,
    hostKeys: hostKeys ?? [await generatedHostKey()],
    handlers: [...handlersOf(policies), ...handlers],
    clock,
  };
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
