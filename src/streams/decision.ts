import type { Subscription } from 'rxjs';

import { DenyReason } from './deny-reason.js';
import type { SshRequest } from './events/ssh-request.js';
import type { Lease } from './lease.js';
import type { Phase } from './phase.js';
import type { PolicyStage } from './policy-stage.js';
import type { Declined, DeniedVerdict, GrantedVerdict, OpenVerdict, PolicyName, Verdict } from './verdict.js';

/** What the edge makes of a request: never open. */
export type FinalVerdict<R> = GrantedVerdict<R> | DeniedVerdict<R>;

/** Where a policy stands. */
export interface Place {
  readonly source: string;
  readonly phase: Phase;
}

/** Where a request ends that no policy granted. */
export const NOBODY: Place = { source: 'rxsshd', phase: 'route' };

/** How a request was decided, and where its leases come from. */
export interface Settlement<R> {
  readonly verdict: FinalVerdict<R>;
  /** The place of the policy that decided. */
  readonly at: Place;
  /** The stage that attached each lease of a granted verdict, where it is known; by lease. */
  readonly origins: ReadonlyMap<Lease, object>;
}

/** Of the many requests whose grant carries no lease. */
const NO_ORIGINS: ReadonlyMap<Lease, object> = new Map();

/** One request on its way through the stages. */
export class Decision<R extends SshRequest> {
  readonly startedAt: number;
  deadline: Subscription | undefined;
  settled = false;
  readonly #request: R;
  readonly #stages: readonly PolicyStage<R>[];
  readonly #again: boolean;
  readonly #settle: (settlement: Settlement<R>) => void;
  #verdict: Verdict<R>;
  /** Where the request was granted or, before that, declined first. */
  #spokenAt: Place = NOBODY;
  #origins: Map<Lease, object> | undefined;
  #index = 0;

  /** @param verdict - open at first; granted if the request is asked again */
  constructor(
    verdict: Verdict<R>,
    stages: readonly PolicyStage<R>[],
    startedAt: number,
    settle: (settlement: Settlement<R>) => void,
  ) {
    this.#request = verdict.request;
    this.#stages = stages;
    this.#again = verdict.state === 'granted';
    this.startedAt = startedAt;
    this.#settle = settle;
    this.#verdict = verdict;
  }

  /** Asks the next stage until one denies, one has to think, or all have spoken. */
  advance(): void {
    // A loop, not recursion: a stage that answers at once has moved the index on before `ask` returns.
    while (!this.settled) {
      const stage = this.#stages[this.#index];
      if (stage === undefined) {
        const verdict = this.#verdict;
        if (verdict.state === 'granted') this.#finish(verdict, this.#spokenAt);
        else this.#finish(refusalOf(verdict), this.#spokenAt);
        return;
      }
      const index = this.#index;
      let returned = false;
      stage.ask(
        this.#verdict,
        (verdict) => {
          if (this.settled) return;
          this.#noteOrigins(verdict, stage);
          if (this.#verdict.state === 'open' && speaks(this.#verdict, verdict)) this.#spokenAt = stage;
          this.#verdict = verdict;
          this.#index += 1;
          if (verdict.state === 'denied') this.#finish(verdict, stage);
          else if (returned) this.advance();
        },
        this.#again,
      );
      returned = true;
      if (this.#index === index) return;
    }
  }

  cancel(): void {
    if (this.settled) return;
    this.settled = true;
    this.deadline?.unsubscribe();
    this.#stages[this.#index]?.abandon(this.#request);
  }

  /** The stage that has not answered yet. */
  get silent(): PolicyStage<R> | undefined {
    return this.settled ? undefined : this.#stages[this.#index];
  }

  /** Denies what has not been settled yet. */
  expire(): void {
    const { silent } = this;
    if (silent === undefined) return;
    silent.abandon(this.#request);
    this.#finish(denial(this.#request, silent.source, DenyReason.PolicySilent), silent);
  }

  #noteOrigins(verdict: Verdict<R>, stage: object): void {
    const before = this.#verdict;
    if (verdict.state === 'denied' || before.state === 'denied') return;
    if (verdict.leases.length === before.leases.length) return;
    this.#origins ??= new Map();
    for (const lease of verdict.leases) if (!before.leases.includes(lease)) this.#origins.set(lease, stage);
  }

  #finish(verdict: FinalVerdict<R>, at: Place): void {
    this.settled = true;
    this.deadline?.unsubscribe();
    this.#settle({ verdict, at, origins: this.#origins ?? NO_ORIGINS });
  }
}

/** Whether a policy has granted an open request, or is the first to decline it. */
const speaks = <R>(before: OpenVerdict<R>, after: Verdict<R>): boolean =>
  after.state === 'granted' || (after.state === 'open' && before.declined === undefined && after.declined !== undefined);

/** What becomes of a request that nobody has granted or denied. */
function refusalOf<R>(verdict: Verdict<R>): DeniedVerdict<R> {
  const { by, reason } = (verdict.state === 'open' ? verdict.declined : undefined) ?? UNHEARD;
  return denial(verdict.request, by, reason);
}

const UNHEARD: Declined = { by: NOBODY.source, reason: DenyReason.NoGrant };

/** A refusal that no policy has spoken. */
export const denial = <R>(request: R, by: PolicyName, reason: DenyReason): DeniedVerdict<R> => ({
  state: 'denied',
  request,
  by,
  reason,
});
