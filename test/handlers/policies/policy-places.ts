import { inject } from 'inversify';
import { filter, firstValueFrom, lastValueFrom, NEVER, type Observable, of, toArray } from 'rxjs';

import {
  consider,
  createServer,
  decide,
  Decide,
  decideEach,
  definePlugin,
  exec,
  generateHostKey,
  grantPassword,
  type Handler,
  type Policy,
  SshHandler,
  type SshPlugin,
  type SshRequests,
  type SshRequestType,
  type UndeniedVerdict,
  type Verdict,
} from '../../../src/index.js';
import { held } from '../../../src/testing/index.js';
import { ActingClients, PASSWORD } from './acting-client.js';
import { type BegunGrant, beginGrant } from './begin-grant.js';
import type { ClientKey } from './client-keys.js';
import { denied, outcomeOf, type PolicyOutcome } from './policy-outcome.js';

/** A policy to be put in some place, and what it is asked there, one after the other. */
export interface PolicyTrial<Type extends SshRequestType> {
  readonly type: Type;
  readonly make: () => Policy<SshRequests[Type]>;
  readonly requests: readonly SshRequests[Type][];
  /** The keys that stand in requests with a signature. */
  readonly keys?: readonly ClientKey[];
}

const { hostKey } = await generateHostKey();

/** The outcomes in a `.pipe()`, of an application without a server. Grants are held until the end, as a server does. */
export async function outcomesInPipe<Type extends SshRequestType>({
  type,
  make,
  requests,
}: PolicyTrial<Type>): Promise<readonly PolicyOutcome[]> {
  const policy = make();
  const outcomes: PolicyOutcome[] = [];
  const grants: BegunGrant[] = [];
  for (const request of requests) {
    const verdicts = await lastValueFrom(of(consider(request)).pipe(policy, toArray()));
    const [verdict] = verdicts;
    if (verdict === undefined || verdicts.length > 1)
      throw new Error(`${String(verdicts.length)} answers to one request`);
    outcomes.push(outcomeOf(verdict));
    if (verdict.state !== 'denied') grants.push(beginGrant(verdict, held({ kind: kindOf(type) })));
  }
  for (const grant of grants) grant.end();
  return outcomes;
}

/** The outcomes in a decorated method of a handler of the application. */
export function outcomesInMethod<Type extends SshRequestType>(
  trial: PolicyTrial<Type>,
): Promise<readonly PolicyOutcome[]> {
  const policy = trial.make();

  @SshHandler()
  class Desk {
    @decides(trial.type)
    decide(verdict$: Observable<Verdict<SshRequests[Type]>>) {
      return verdict$.pipe(policy);
    }
  }

  return outcomesInServer(trial, 'Desk.decide', { handlers: [Desk] });
}

/** The outcomes in a plugin, which binds the policy and has it injected into its handler. */
export function outcomesInPlugin<Type extends SshRequestType>(
  trial: PolicyTrial<Type>,
): Promise<readonly PolicyOutcome[]> {
  const POLICY = Symbol.for('rxsshd-three-places/Policy');

  @SshHandler()
  class PluginDesk {
    readonly #policy: Policy<SshRequests[Type]>;

    constructor(@inject(POLICY) policy: Policy<SshRequests[Type]>) {
      this.#policy = policy;
    }

    @decides(trial.type)
    decide(verdict$: Observable<Verdict<SshRequests[Type]>>) {
      return verdict$.pipe(this.#policy);
    }
  }

  const plugin = definePlugin({
    name: 'rxsshd-three-places',
    version: '1.0.0',
    handlers: [PluginDesk],
    bind: ({ bind }) => {
      bind(POLICY).toConstantValue(trial.make());
    },
  });
  return outcomesInServer(trial, 'PluginDesk.decide', { plugins: [plugin] });
}

/**
 * Asks a real server over real connections, in memory. Witnesses on both sides of the policy see what it makes of an open
 * verdict; a denial, behind which nobody is asked, the audit trail tells with the place it comes from.
 */
async function outcomesInServer<Type extends SshRequestType>(
  { type, requests, keys = [] }: PolicyTrial<Type>,
  place: string,
  { handlers = [], plugins = [] }: { readonly handlers?: readonly Handler[]; readonly plugins?: readonly SshPlugin[] },
): Promise<readonly PolicyOutcome[]> {
  const outcomes: PolicyOutcome[] = [];
  let inherited = 0;
  const before = witness<SshRequests[Type]>(({ leases }) => (inherited = leases.length));
  const after = witness<SshRequests[Type]>((verdict) => outcomes.push(outcomeOf(verdict, inherited)));
  const server = await createServer({
    hostKeys: [hostKey],
    authMethods: ['publickey', 'password', 'keyboard-interactive', 'hostbased'],
    handlers: [
      asHandler(decide(type, before, { phase: 'limit' })),
      ...handlers,
      asHandler(decide(type, after, { phase: 'route' })),
      decide('SSHUserAuthRequest', letIn, { phase: 'route' }),
      exec('date', () => NEVER),
    ],
    plugins,
    onWarning: () => undefined,
  });
  const clients = new ActingClients(server, keys);
  const decided$ = server.events.Decided.pipe(filter(({ request }) => request.type === type));
  try {
    for (const [index, request] of requests.entries()) {
      const [decided] = await Promise.all([firstValueFrom(decided$), clients.act(request)]);
      if (outcomes.length > index) continue;
      if (decided.outcome !== 'denied' || decided.source !== place) {
        throw new Error(`not ${place} but ${decided.source} decided, and nobody saw how`);
      }
      outcomes.push(denied(decided.by, decided.reason));
    }
  } finally {
    clients.destroy();
    await server.shutdown({ graceMs: 0 });
  }
  return outcomes;
}

const letIn = grantPassword((_user, password) => password === PASSWORD);

/** Sees every verdict that is not denied, and lets it pass. */
const witness = <R>(see: (verdict: UndeniedVerdict<R>) => void): Policy<R> =>
  decideEach('witness', (verdict) => {
    see(verdict);
    return verdict;
  });

/** {@link Decide} for a type that is known when it runs; that the method fits is for the caller to see to. */
const decides = <Type extends SshRequestType>(type: Type) =>
  // Whether a method has the shape for a type, TypeScript can only tell of a type that it knows.
  Decide(type) as <Method extends Policy<SshRequests[Type]>>(
    prototype: object,
    method: string,
    shape: TypedPropertyDescriptor<Method>,
  ) => void;

/** One of the members of {@link Handler}; TypeScript does not see which, of a type that it does not know. */
const asHandler = (handler: unknown): Handler => handler as Handler;

const kindOf = (type: SshRequestType): 'connection' | 'channel' =>
  type === 'ConnectionRequest' || type === 'SSHUserAuthRequest' ? 'connection' : 'channel';
