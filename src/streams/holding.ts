import type { Place, Settlement } from './decision.js';
import type { Edge, PendingDecision } from './edge.js';
import type { SshRequest } from './events/ssh-request.js';
import type { Held } from './held.js';
import { type LeaseEffects, LeaseHolder } from './lease-holder.js';
import type { Lease, LeaseRevocation } from './lease.js';
import type { PolicyChains } from './policy-chains.js';
import type { PolicyStage } from './policy-stage.js';
import type { GrantedVerdict } from './verdict.js';

/** What a policy has granted, kept for the audit trail and to be asked again. */
export interface Grant {
  readonly request: SshRequest;
  readonly by: string;
  readonly at: Place;
  /** Milliseconds by the server's clock. */
  readonly grantedAt: number;
  leases: readonly Lease[];
  /** The stage that attached each lease. */
  origins: ReadonlyMap<Lease, object>;
}

/** What the leases of a {@link Holding} may cause. */
export interface HoldingEffects extends Omit<LeaseEffects, 'revoke'> {
  /** Told once. `grant` is what was taken back. */
  revoke(revocation: Required<LeaseRevocation>, grant: Grant): void;
}

/** Policies were replaced in a running server. */
export interface Replacement {
  readonly former: PolicyChains;
  readonly next: PolicyChains;
  /** Called for each grant that new policies are asked about; the result is called once with whether it was taken back. */
  readonly ask?: () => (revoked: boolean) => void;
}

const NO_ORIGINS: ReadonlyMap<Lease, object> = new Map();

/** Said to the user of a grant that new policies deny. */
const WITHDRAWN = 'this permission has been withdrawn';

/** Everything that was granted to one connection or channel, with the leases, for as long as it lives. */
export class Holding {
  readonly #held: () => Held;
  readonly #effects: HoldingEffects;
  readonly #grants: Grant[] = [];
  /** Made with the first lease: most grants have none. */
  #leases: LeaseHolder | undefined;
  #asking: Set<PendingDecision> | undefined;
  #over = false;

  constructor(held: () => Held, effects: HoldingEffects) {
    this.#held = held;
    this.#effects = effects;
  }

  /** True once something was revoked or the thing has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Something was granted; a lease may take it back at once. */
  add(verdict: GrantedVerdict<SshRequest>, { at, origins }: Settlement<SshRequest>, grantedAt: number): void {
    if (this.#over) return;
    const { request, by, leases } = verdict;
    this.#grants.push({ request, by, at, grantedAt, leases, origins });
    this.#hold(leases);
  }

  /** Gives all leases up: the thing is no more. */
  end(): void {
    this.#over = true;
    this.#leases?.end();
    const asking = this.#asking;
    this.#asking = undefined;
    for (const question of asking ?? []) question.cancel();
  }

  /**
   * The policies of `former` were replaced by those of `next`: gives up the leases of policies that are gone and, where `ask` is
   * given, asks the new policies whether each grant still stands.
   */
  reevaluate(edge: Edge, { former, next, ask }: Replacement): void {
    for (const grant of [...this.#grants]) {
      if (this.#over) return;
      // The stages are those of this very type of request.
      const stages = next.stagesOf(grant.request.type) as readonly PolicyStage<SshRequest>[];
      const fresh = stages.filter((stage) => !former.has(stage));
      const kept = grant.leases.filter((lease) => next.has(grant.origins.get(lease)));
      if (ask === undefined || fresh.length === 0) this.#replaceLeases(grant, kept, NO_ORIGINS);
      else this.#ask(grant, kept, fresh, edge, ask());
    }
  }

  #ask(
    grant: Grant,
    kept: readonly Lease[],
    stages: readonly PolicyStage<SshRequest>[],
    edge: Edge,
    answered: (revoked: boolean) => void,
  ): void {
    const { request, by } = grant;
    const asked: { open: PendingDecision | undefined } = { open: undefined };
    const question: PendingDecision = {
      cancel: () => {
        asked.open?.cancel();
        answered(false);
      },
    };
    (this.#asking ??= new Set()).add(question);
    asked.open = edge.reevaluate<SshRequest>(
      { state: 'granted', request, by, leases: kept },
      stages,
      (verdict, { origins }) => {
        this.#asking?.delete(question);
        if (verdict.state === 'denied') {
          this.#revoke({ type: 'revoke', reason: WITHDRAWN, by: verdict.by }, grant);
        } else {
          this.#replaceLeases(grant, verdict.leases, origins);
        }
        answered(verdict.state === 'denied');
      },
      () => this.#over,
    );
  }

  #replaceLeases(grant: Grant, leases: readonly Lease[], origins: ReadonlyMap<Lease, object>): void {
    const former = grant.leases;
    grant.leases = leases;
    grant.origins = new Map([...grant.origins, ...origins].filter(([lease]) => leases.includes(lease)));
    // First the new ones: what both narrow is at no time as wide as without them.
    this.#hold(leases);
    this.#leases?.release(former.filter((lease) => !leases.includes(lease)));
  }

  #hold(leases: readonly Lease[]): void {
    if (leases.length === 0 || this.#over) return;
    this.#leases ??= new LeaseHolder(this.#held(), {
      warn: (message) => {
        this.#effects.warn(message);
      },
      narrow: (lease, narrowing) => {
        this.#effects.narrow(lease, narrowing);
      },
      fail: (cause) => {
        this.#effects.fail(cause);
      },
      revoke: (revocation, lease) => {
        const grant = this.#grants.find((it) => it.leases.includes(lease));
        if (grant !== undefined) this.#revoke(revocation, grant);
      },
    });
    this.#leases.add(leases);
  }

  #revoke(revocation: LeaseRevocation, grant: Grant): void {
    if (this.#over) return;
    this.end();
    this.#effects.revoke({ by: grant.by, graceMs: 0, ...revocation }, grant);
  }
}
