import type { Subscription } from 'rxjs';

import type { AttachedLease } from './attached-lease.js';
import { DenyReason } from './deny-reason.js';
import type { Overruled } from './events/decided.js';
import type { SshRequest } from './events/ssh-request.js';
import { isGrantable } from './is-grantable.js';
import type { Lease } from './lease.js';
import type { Phase } from './phase.js';
import type { PolicyStage } from './policy-stage.js';
import { detour } from './requirements/auth-progress.js';
import { withRequirementsOf } from './requirements/with-requirements-of.js';
import type { Declined, DeniedVerdict, GrantedVerdict, PolicyName, Verdict } from './verdict.js';

/** What the edge makes of a request: never open. */
export type FinalVerdict<R> = GrantedVerdict<R> | DeniedVerdict<R>;

/** Where a policy stands. */
export interface Place {
  readonly source: string;
  readonly phase: Phase;
}

/** Where a request ends that no policy granted. */
export const NOBODY: Place = { source: 'rxsshd', phase: 'route' };

/** Why a request is denied that nobody grants, and where that was said. */
interface Refusal extends Declined {
  readonly at: Place;
}

/** Of a request that nobody has granted or declined. */
const UNHEARD: Refusal = { by: NOBODY.source, reason: DenyReason.NoGrant, at: NOBODY };

/** Of the many requests whose grant carries no lease. */
const NO_LEASES: readonly AttachedLease[] = [];

/**
 * Told of the outcome: the verdict, the place of the policy that decided, and the leases that the stages have attached, beside
 * those that the verdict came with.
 */
export type Conclude<R> = (verdict: FinalVerdict<R>, at: Place, attached: readonly AttachedLease[]) => void;

/** One request on its way through the stages. */
export class Decision<R extends SshRequest> {
  readonly startedAt: number;
  deadline: Subscription | undefined;
  settled = false;
  readonly #request: R;
  readonly #stages: readonly PolicyStage<R>[];
  readonly #again: boolean;
  readonly #conclude: Conclude<R>;
  #verdict: Verdict<R>;
  /** Where the request was granted, and how. */
  #grantedAt: Place = NOBODY;
  #granted: GrantedVerdict<R> | undefined;
  /** Who was the first to decline the request: what becomes of it if nobody grants it. */
  #refusal: Refusal = UNHEARD;
  #attached: AttachedLease[] | undefined;
  #index = 0;
  /** Whether a stage is being asked, and so {@link advance} under way. */
  #asking = false;
  /** Whether the requirements have let the request pass on to the policies that look at its credential. */
  #admitted = false;

  /** @param verdict - open at first; granted if the request is asked again */
  constructor(verdict: Verdict<R>, stages: readonly PolicyStage<R>[], startedAt: number, conclude: Conclude<R>) {
    this.#request = verdict.request;
    this.#stages = stages;
    this.#again = verdict.state === 'granted';
    this.startedAt = startedAt;
    this.#conclude = conclude;
    this.#verdict = verdict;
  }

  /** Asks the next stage until one denies, one has to think, or all have spoken. */
  advance(): void {
    // A loop, not recursion: a stage that answers at once has moved the index on before `ask` returns.
    while (!this.settled) {
      const stage = this.#stages[this.#index];
      if (stage === undefined) {
        const verdict = this.#verdict;
        if (verdict.state === 'granted') this.#finish(verdict, this.#grantedAt);
        else this.#deny(this.#refusal, this.#refusal.at);
        return;
      }
      if (this.#verdict.requires !== undefined && !this.#isAdmittedTo(stage)) return;
      const index = this.#index;
      this.#asking = true;
      stage.ask(this.#verdict, this.#answer, this.#again);
      this.#asking = false;
      if (this.#index === index) return;
    }
  }

  /** Who granted the request, whatever has come of that; undefined if nobody did. */
  get grant(): Overruled | undefined {
    const granted = this.#granted;
    if (granted === undefined) return undefined;
    const { source } = this.#grantedAt;
    return { by: granted.by, source, ...(isProvisional(granted) ? { provisional: true } : {}) };
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
    this.#deny({ by: silent.source, reason: DenyReason.PolicySilent }, silent);
  }

  /** What the stage says that was asked last. One function for all of them, since there are many. */
  readonly #answer = (verdict: Verdict<R>): void => {
    const stage = this.#stages[this.#index];
    if (this.settled || stage === undefined) return;
    const before = this.#verdict;
    if (verdict !== before) {
      this.#noteLeases(verdict, stage);
      if (before.state === 'open') this.#noteSpeaker(verdict, stage);
      this.#verdict = verdict;
    }
    this.#index += 1;
    if (verdict.state === 'denied') this.#finish(withRequirementsOf(verdict, [before]), stage);
    else if (!this.#asking) this.advance();
  };

  /** The first to decline counts, whatever later policies make of the verdict. */
  #noteSpeaker(verdict: Verdict<R>, at: Place): void {
    if (verdict.state === 'granted') {
      this.#grantedAt = at;
      this.#granted = verdict;
    }
    if (verdict.state !== 'open' || verdict.declined === undefined || this.#refusal !== UNHEARD) return;
    const { by, reason } = verdict.declined;
    this.#refusal = { by, reason, at };
  }

  /** A lease may be there twice: two policies may have attached the same one. */
  #noteLeases(verdict: Verdict<R>, stage: object): void {
    const before = this.#verdict;
    if (verdict.state === 'denied' || before.state === 'denied') return;
    if (verdict.leases.length === before.leases.length) return;
    const added = addedTo(before.leases, verdict.leases);
    for (const lease of added) (this.#attached ??= []).push({ lease, stage });
  }

  /**
   * Whether the request may go on to `stage`: a credential that no requirement wants now is not looked at. Else whoever cannot take
   * the first step could still find out what is right in the second, by how long it takes or how often it bans.
   */
  #isAdmittedTo({ phase }: PolicyStage<R>): boolean {
    const { requires, request } = this.#verdict;
    if (phase === 'limit' || this.#admitted || this.#again || request.type !== 'SSHUserAuthRequest') return true;
    this.#admitted = true;
    const refused = requires === undefined ? undefined : detour(requires, request);
    if (refused !== undefined) this.#deny(refused, NOBODY);
    return refused === undefined;
  }

  #deny({ by, reason }: Declined, at: Place): void {
    this.#finish(withRequirementsOf(denial(this.#request, by, reason), [this.#verdict]), at);
  }

  #finish(verdict: FinalVerdict<R>, at: Place): void {
    this.settled = true;
    this.deadline?.unsubscribe();
    this.#conclude(verdict, at, this.#attached ?? NO_LEASES);
  }
}

/** What `leases` have that `known` have not. As `withLease` writes them, those of before come first. */
function addedTo(known: readonly Lease[], leases: readonly Lease[]): readonly Lease[] {
  for (let index = 0; index < known.length; index += 1) {
    if (known[index] !== leases[index]) return without(leases, known);
  }
  return known.length === 0 ? leases : leases.slice(known.length);
}

/** `leases` less each of `known`, as often as it is there. */
function without(leases: readonly Lease[], known: readonly Lease[]): readonly Lease[] {
  const left = [...known];
  return leases.filter((lease) => {
    const index = left.indexOf(lease);
    if (index !== -1) left.splice(index, 1);
    return index === -1;
  });
}

/** Whether a grant lets nobody in yet: questions for the user, a password to be changed, an offered key that would do. */
export const isProvisional = ({ challenge, passwordChange, request }: GrantedVerdict<unknown>): boolean =>
  challenge !== undefined || passwordChange !== undefined || !isGrantable(request);

/** A refusal that no policy has spoken. */
export const denial = <R>(request: R, by: PolicyName, reason: DenyReason): DeniedVerdict<R> => ({
  state: 'denied',
  request,
  by,
  reason,
});
