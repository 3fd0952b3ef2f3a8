import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { Decided } from '../../streams/events/decided.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import type { DecisionChange, ReplayedDecision } from './replay-report.js';

/** A request that was recorded, with what was decided then and now. */
interface Entry {
  readonly seq: number;
  readonly askedAt: Date;
  readonly request: SshRequest;
  recorded: ReplayedDecision | undefined;
  replayed: ReplayedDecision | undefined;
}

/** A grant that was taken back, then or now. */
interface Revoked {
  readonly request: SshRequest;
  readonly decision: ReplayedDecision;
}

/** Times differ by what the recorded machine took to answer; less than this is no change, in milliseconds. */
const SAME_TIME_MS = 1000;

/** What was decided on one connection, in the recording and in the replay. */
export class DecisionLedger {
  readonly #connection: ConnectionInfo;
  readonly #startedAt: number;
  readonly #entries: Entry[] = [];
  readonly #byRecorded = new Map<SshRequest, Entry>();
  readonly #byReplayed = new Map<SshRequest, Entry>();
  /** Requests that were sent and are not seen yet: those of one kind, on one channel, come in their order. */
  readonly #sent = new Map<string, Entry[]>();
  /** Those that the replaying server was asked. */
  readonly #wasAsked = new Set<Entry>();
  readonly #revokedThen: Revoked[] = [];
  readonly #revokedNow: Revoked[] = [];
  #user: string | undefined;

  /** @param startedAt - milliseconds since the epoch at which the recorded server was started */
  constructor(connection: ConnectionInfo, startedAt: number) {
    this.#connection = connection;
    this.#startedAt = startedAt;
  }

  /** A recorded request. `kind` tells apart what is decided independently of each other. */
  note(seq: number, atMs: number, request: SshRequest, kind: string): void {
    if (request.type === 'SSHUserAuthRequest') this.#user = request.user;
    const askedAt = new Date(this.#startedAt + atMs);
    const entry: Entry = { seq, askedAt, request, recorded: undefined, replayed: undefined };
    this.#entries.push(entry);
    this.#byRecorded.set(request, entry);
    const queue = this.#sent.get(kind);
    if (queue === undefined) this.#sent.set(kind, [entry]);
    else queue.push(entry);
  }

  /** The last request of its kind was recorded but could not be sent. */
  unsent(kind: string): void {
    this.#sent.get(kind)?.pop();
  }

  /** The replayed server was asked. @returns the number of the request in the recording, if it was recorded */
  asked(request: SshRequest, kind: string): number | undefined {
    const queue = this.#sent.get(kind) ?? [];
    // The server may answer by itself what it asked the policies about then, such as too few answers to its questions.
    const index = queue.findIndex((entry) => isAlike(entry.request, request));
    const entry = index === -1 ? undefined : queue.splice(0, index + 1).at(-1);
    if (entry === undefined) return undefined;
    this.#byReplayed.set(request, entry);
    this.#wasAsked.add(entry);
    return entry.seq;
  }

  /** What was decided when it was recorded. */
  decidedThen(decided: Decided, atMs: number): void {
    const decision = decisionOf(decided, atMs);
    if (decided.outcome === 'revoked') this.#revokedThen.push({ request: decided.request, decision });
    else {
      const entry = this.#byRecorded.get(decided.request);
      if (entry !== undefined) entry.recorded = decision;
    }
  }

  /** What is decided in the replay. */
  decidedNow(decided: Decided, atMs: number): void {
    const decision = decisionOf(decided, atMs);
    if (decided.outcome === 'revoked') this.#revokedNow.push({ request: decided.request, decision });
    else {
      const entry = this.#byReplayed.get(decided.request);
      if (entry !== undefined) entry.replayed = decision;
    }
  }

  /** What has come out otherwise, and how much was asked again or not. */
  balance(): {
    readonly decisions: number;
    readonly unreached: number;
    readonly changes: readonly (DecisionChange & { readonly seq: number })[];
  } {
    const decidedThen = this.#entries.filter(({ recorded }) => recorded !== undefined);
    // Asked and not decided before the client went is a change as well.
    const asked = decidedThen.filter((entry) => this.#wasAsked.has(entry));
    const changed = asked.filter(({ recorded, replayed }) => !isSame(recorded, replayed));
    return {
      decisions: asked.length,
      unreached: decidedThen.length - asked.length,
      changes: [
        ...changed.map(({ seq, askedAt, request, recorded, replayed }) => ({
          ...this.#change(request, recorded, replayed),
          askedAt,
          seq,
        })),
        ...this.#revocations(),
      ],
    };
  }

  *#revocations(): Iterable<DecisionChange & { readonly seq: number }> {
    const now = [...this.#revokedNow];
    for (const { request, decision } of this.#revokedThen) {
      const index = now.findIndex((it) => it.decision.by === decision.by && kindOf(it.request) === kindOf(request));
      const counterpart = index === -1 ? undefined : now.splice(index, 1)[0]?.decision;
      if (counterpart !== undefined && Math.abs(counterpart.atMs - decision.atMs) < SAME_TIME_MS) continue;
      yield { ...this.#change(request, decision, counterpart), seq: Infinity };
    }
    for (const { request, decision } of now) yield { ...this.#change(request, undefined, decision), seq: Infinity };
  }

  #change(
    request: SshRequest,
    recorded: ReplayedDecision | undefined,
    replayed: ReplayedDecision | undefined,
  ): DecisionChange {
    const atMs = replayed?.atMs ?? recorded?.atMs ?? 0;
    return {
      askedAt: new Date(this.#startedAt + atMs),
      connection: this.#connection,
      user: 'identity' in request ? request.identity.user : this.#user,
      request,
      recorded,
      replayed,
    };
  }
}

/** Where a policy stands may change without anybody noticing; what it says, and in whose name, may not. */
const isSame = (one: ReplayedDecision | undefined, other: ReplayedDecision | undefined): boolean =>
  one?.outcome === other?.outcome &&
  one?.by === other?.by &&
  one?.reason === other?.reason &&
  one?.provisional === other?.provisional &&
  one?.partial === other?.partial;

/** Whether two requests ask the same, as far as that can be told without what they hold. */
const isAlike = (then: SshRequest, now: SshRequest): boolean =>
  essenceOf(then) === essenceOf(now) || isNotOffered(then, now);

/** Of what comes by a method that the server does not offer any more, it sees the name of the method and the user. */
const isNotOffered = (then: SshRequest, now: SshRequest): boolean =>
  then.type === 'SSHUserAuthRequest' &&
  now.type === 'SSHUserAuthRequest' &&
  now.method === 'other' &&
  now.name === then.method &&
  now.user === then.user;

function essenceOf(request: SshRequest): string {
  switch (request.type) {
    case 'SSHServiceRequest':
      return request.service;
    case 'SSHUserAuthRequest':
      return `${request.method} ${'stage' in request ? request.stage : ''} ${request.user}`;
    case 'SSHChannelOpenRequest':
      return request.channelType;
    case 'SSHChannelRequest':
    case 'SSHGlobalRequest':
      return request.requestType;
    case 'ConnectionRequest':
      return '';
    default:
      return request satisfies never;
  }
}

const kindOf = (request: SshRequest): string =>
  request.type === 'SSHChannelRequest' ? `${request.type} ${request.requestType}` : request.type;

const decisionOf = (decided: Decided, atMs: number): ReplayedDecision => {
  const { by, source, phase } = decided;
  const common = { by, source, phase, atMs };
  switch (decided.outcome) {
    case 'granted':
      return {
        outcome: 'granted',
        ...common,
        ...(decided.provisional === true ? { provisional: true } : {}),
        ...(decided.partial === true ? { partial: true } : {}),
      };
    case 'denied':
      return { outcome: 'denied', ...common, reason: decided.reason };
    case 'revoked':
      return { outcome: 'revoked', ...common, message: decided.message };
    default:
      return decided satisfies never;
  }
};
