import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { DenyReason } from '../../streams/deny-reason.js';
import type { Decided } from '../../streams/events/decided.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import type { Phase } from '../../streams/phase.js';

/** What was decided, by whom, and when. */
export interface ReplayedDecision {
  readonly outcome: Decided['outcome'];
  /** The policy, by the name it gave itself. */
  readonly by: string;
  /** Where that policy stands. */
  readonly source: string;
  readonly phase: Phase;
  /** Why it was denied. */
  readonly reason?: DenyReason;
  /** What the user was told when it was revoked. */
  readonly message?: string;
  /** Present if a grant lets nobody in yet: an offered key that would do, questions for the user, a step of several. */
  readonly provisional?: true;
  /** Present if it was one step of a sign-in that takes more. */
  readonly partial?: true;
  /** When, in milliseconds since the recorded server was started. */
  readonly atMs: number;
}

/** A decision that comes out otherwise under other policies. */
export interface DecisionChange {
  /** When the recorded server was asked; of a revocation, when it happened. */
  readonly askedAt: Date;
  /** The connection as it was recorded. */
  readonly connection: ConnectionInfo;
  /** Who asked, as far as anybody had said so. */
  readonly user: string | undefined;
  /** What was asked, as it was recorded. */
  readonly request: SshRequest;
  /** What was decided then; absent if nothing was revoked then. */
  readonly recorded: ReplayedDecision | undefined;
  /** What is decided now; absent if nothing is revoked, or if the client goes before it is decided. */
  readonly replayed: ReplayedDecision | undefined;
}

/** How many changes there are of each kind, by name. */
export type ChangeCounts = Readonly<Record<string, number>>;

/** What a replay comes to. */
export interface ReplayReport {
  /** Decisions that were made again. */
  readonly decisions: number;
  /** Those that come out otherwise, in the order in which they were asked. */
  readonly changes: readonly DecisionChange[];
  readonly summary: {
    /** By the policy that decides now, or if none does, decided then. */
    readonly byPolicy: ChangeCounts;
    /** By the client's address. */
    readonly bySource: ChangeCounts;
    /** By the user's name; those who had none yet are not in it. */
    readonly byUser: ChangeCounts;
  };
  /** Requests that were recorded and are never made now, since what they rest on was denied or has ended. */
  readonly unreached: number;
  /** Credentials of which the recording does not know whether they were right, and which count as wrong. */
  readonly unknownCredentials: number;
  /** Events that the recording had to drop, that it keeps in a form of later versions, or whose connection began before it. */
  readonly missing: number;
}

/** Counts changes by what `nameOf` says of each. */
export function countBy(
  changes: readonly DecisionChange[],
  nameOf: (change: DecisionChange) => string | undefined,
): ChangeCounts {
  const counts = new Map<string, number>();
  for (const change of changes) {
    const name = nameOf(change);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  // Names come from strangers: a Map has no prototype that they could name.
  return Object.fromEntries(counts);
}
