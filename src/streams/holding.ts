import type { AttachedLease } from './attached-lease.js';
import type { Place } from './decision.js';
import type { Edge, PendingDecision, Settlement } from './edge.js';
import type { SshRequest, SshRequestType } from './events/ssh-request.js';
import type { Held } from './held.js';
import { type LeaseEffects, LeaseHolder } from './lease-holder.js';
import { isLasting } from './lasting-lease.js';
import type { Lease, LeaseRevocation } from './lease.js';
import type { Replacement } from './policy-chains.js';
import type { PolicyStage } from './policy-stage.js';
import type { AuthRequirement } from './requirements/auth-requirement.js';
import type { GrantedVerdict } from './verdict.js';

/** What a policy has granted, kept for the audit trail and to be asked again. */
export interface Grant {
  readonly request: SshRequest;
  readonly by: string;
  readonly at: Place;
  /** Milliseconds by the server's clock. */
  readonly grantedAt: number;
  leases: readonly AttachedLease[];
}

/** What the leases of a {@link Holding} may cause. */
export interface HoldingEffects extends Omit<LeaseEffects, 'revoke'> {
  /** New policies have attached `leases` to what was granted before. */
  attach(leases: readonly Lease[]): void;
  /** The first of `requires` that whoever has signed in does not meet; undefined if all are met. */
  unmet(requires: readonly AuthRequirement[], grant: Grant): AuthRequirement | undefined;
  /** Told once. `grant` is what was taken back. */
  revoke(revocation: Required<LeaseRevocation>, grant: Grant): void;
}

/** The client decides how often it asks for something that comes with a lease. */
const MAX_GRANTS = 256;

/** A grace that timers can still wait for, with the time that comes behind it: 24 days in milliseconds. */
const MAX_GRACE_MS = 24 * 24 * 3_600_000;

/** Said to the user of a grant that new policies deny. */
const WITHDRAWN = 'this permission has been withdrawn';

/** Everything that was granted to one connection or channel, with the leases, for as long as it lives. */
export class Holding {
  readonly #edge: Edge;
  readonly #held: () => Held;
  readonly #effects: HoldingEffects;
  readonly #grants: Grant[] = [];
  /** Made with the first lease: most grants have none. */
  #leases: LeaseHolder | undefined;
  #asking: Set<PendingDecision> | undefined;
  #over = false;

  constructor(edge: Edge, held: () => Held, effects: HoldingEffects) {
    this.#edge = edge;
    this.#held = held;
    this.#effects = effects;
  }

  /** Whether all `leases` are held already. */
  holds(leases: readonly Lease[]): boolean {
    return leases.every((lease) => this.#leases?.has(lease) === true);
  }

  /** Whether so much was granted that no grant with new leases may come. */
  get full(): boolean {
    return this.#grants.length >= MAX_GRANTS;
  }

  /** When the first request of this type was granted, in milliseconds by the server's clock; undefined if none was. */
  grantedAt(type: SshRequestType): number | undefined {
    for (const { request, grantedAt } of this.#grants) if (request.type === type) return grantedAt;
    return undefined;
  }

  /** Something was granted; a lease may take it back at once. */
  add(verdict: GrantedVerdict<SshRequest>, { at, attached, chains }: Settlement, grantedAt: number): void {
    if (this.#over) return;
    const { request, by } = verdict;
    const { source, phase } = at;
    // Of the place only what it is called: the policy may be replaced, and what was granted does not keep it.
    const grant: Grant = { request, by, at: { source, phase }, grantedAt, leases: this.#inForce(attached) };
    this.#grants.push(grant);
    this.#hold(grant);
    // Policies that came while the request was being decided have not been asked about it.
    for (let missed = chains.replacement; missed !== undefined; missed = missed.next.replacement) {
      if (!this.#isOver()) this.#replace(grant, missed);
    }
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
   * Policies were replaced: gives up the leases of policies that are gone and, if that is wanted, asks the new policies whether
   * each grant still stands.
   */
  reevaluate(replacement: Replacement): void {
    for (const grant of [...this.#grants]) {
      if (this.#over) return;
      this.#replace(grant, replacement);
    }
  }

  #replace(grant: Grant, { former, next, ask }: Replacement): void {
    const { chains } = this.#edge;
    // The stages are those of this very type of request. One that has been replaced in its turn is not asked any more.
    const stages = next.stagesOf(grant.request.type) as readonly PolicyStage<SshRequest>[];
    const fresh = stages.filter((stage) => !former.has(stage) && chains.has(stage));
    if (ask === undefined || fresh.length === 0) this.#replaceLeases(grant, []);
    else this.#ask(grant, fresh, ask());
  }

  #ask(grant: Grant, stages: readonly PolicyStage<SshRequest>[], answered: (revoked: boolean) => void): void {
    const { request, by } = grant;
    const leases = this.#inForce(grant.leases).map(({ lease }) => lease);
    const asked: { open: PendingDecision | undefined } = { open: undefined };
    const question: PendingDecision = {
      cancel: () => {
        asked.open?.cancel();
        answered(false);
      },
    };
    (this.#asking ??= new Set()).add(question);
    asked.open = this.#edge.reevaluate<SshRequest>(
      { state: 'granted', request, by, leases },
      stages,
      (verdict, { attached }) => {
        this.#asking?.delete(question);
        const unmet = verdict.requires === undefined ? undefined : this.#effects.unmet(verdict.requires, grant);
        if (verdict.state === 'denied') this.#revoke({ type: 'revoke', reason: WITHDRAWN, by: verdict.by }, grant);
        else if (unmet !== undefined) this.#revoke({ type: 'revoke', reason: WITHDRAWN, by: unmet.by }, grant);
        else this.#replaceLeases(grant, attached);
        // A new lease may have taken it back at once.
        answered(this.#over);
      },
      () => this.#over,
    );
  }

  /** Holds `added` as well, and gives up what comes from policies that are gone. */
  #replaceLeases(grant: Grant, added: readonly AttachedLease[]): void {
    const former = grant.leases;
    if (added.length > 0) this.#effects.attach(added.map(({ lease }) => lease));
    grant.leases = [...former, ...this.#inForce(added)];
    // First the new ones: what both narrow is at no time as wide as without them.
    this.#hold(grant);
    grant.leases = this.#inForce(grant.leases);
    const wanted = new Set(this.#grants.flatMap(({ leases }) => leases.map(({ lease }) => lease)));
    this.#leases?.release(former.map(({ lease }) => lease).filter((lease) => !wanted.has(lease)));
  }

  #inForce(leases: readonly AttachedLease[]): readonly AttachedLease[] {
    const { chains } = this.#edge;
    const isInForce = ({ lease, stage }: AttachedLease): boolean => chains.has(stage) || isLasting(lease);
    return leases.every(isInForce) ? leases : leases.filter(isInForce);
  }

  #hold({ leases }: Grant): void {
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
        const grant = this.#grants.find((it) => it.leases.some((attached) => attached.lease === lease));
        if (grant !== undefined) this.#revoke(revocation, grant);
      },
    });
    this.#leases.add(leases.map(({ lease }) => lease));
  }

  #revoke({ type, reason, by, graceMs }: LeaseRevocation, grant: Grant): void {
    if (this.#over) return;
    this.end();
    // What is no number is no time.
    const grace = graceMs !== undefined && graceMs > 0 ? Math.min(graceMs, MAX_GRACE_MS) : 0;
    this.#effects.revoke({ type, reason, by: by ?? grant.by, graceMs: grace }, grant);
  }

  /** Asked anew: leases and policies may have ended it since. */
  #isOver(): boolean {
    return this.#over;
  }
}
