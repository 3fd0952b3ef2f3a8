import { messageOf, SshServerError } from '../errors.js';
import { SSH_REQUEST_TYPES, type SshRequest, type SshRequests, type SshRequestType } from './events/ssh-request.js';
import { type Phase, PHASES } from './phase.js';
import { type MakeContext, type PlacedPolicy, PolicyStage, type ReportFault } from './policy-stage.js';

/** The policies of a server by the request they decide; reading order within a phase. */
export type PoliciesByRequest = {
  readonly [Type in SshRequestType]?: readonly PlacedPolicy<SshRequests[Type]>[];
};

type StagesByRequest = { readonly [Type in SshRequestType]: readonly PolicyStage<SshRequests[Type]>[] };

/** A stage of whatever request. */
type AnyStage = StagesByRequest[SshRequestType][number];

/** Policies were replaced in a running server. */
export interface Replacement {
  readonly former: PolicyChains;
  readonly next: PolicyChains;
  /** Called for each grant that new policies are asked about; the result is called once with whether it was taken back. */
  readonly ask?: () => (revoked: boolean) => void;
}

/**
 * The resolved chain of each request: all its policies, by phase, built once.
 *
 * Never changes: replacing policies makes {@link successor} chains, which share the stages of the policies that stay, and so
 * their memory. The old ones are used up by the decisions that began with them.
 */
export class PolicyChains {
  readonly #stages: StagesByRequest;
  readonly report: ReportFault;
  readonly #makeContext: MakeContext | undefined;
  /** By the policy in its place, which stands for the stage when policies are replaced. */
  readonly #stageOf = new Map<object, AnyStage>();
  readonly #all: ReadonlySet<object>;
  #open = 0;
  #replacement: Replacement | undefined;
  /** What these chains have replaced, while decisions of that time are under way: their stages may be among these. */
  #predecessor: PolicyChains | undefined;
  #whenUsedUp: (() => void) | undefined;

  /** @throws {@link SshServerError} `ERR_SSH_POLICY_FAILED` if a policy throws while it is built or is no operator. */
  constructor(policies: PoliciesByRequest, report: ReportFault, makeContext?: MakeContext, predecessor?: PolicyChains) {
    this.report = report;
    this.#makeContext = makeContext;
    const build = <Type extends SshRequestType>(type: Type): readonly PolicyStage<SshRequests[Type]>[] =>
      this.#build<SshRequests[Type]>(type, policies[type], predecessor);
    try {
      this.#stages = {
        ConnectionRequest: build('ConnectionRequest'),
        SSHServiceRequest: build('SSHServiceRequest'),
        SSHUserAuthRequest: build('SSHUserAuthRequest'),
        SSHChannelOpenRequest: build('SSHChannelOpenRequest'),
        SSHChannelRequest: build('SSHChannelRequest'),
        SSHGlobalRequest: build('SSHGlobalRequest'),
      };
    } catch (cause) {
      // Those that were built before the one that failed are of no use to anybody.
      for (const stage of this.#stageOf.values()) if (predecessor?.has(stage) !== true) stage.close();
      throw cause;
    }
    this.#all = new Set(this.#stageOf.values());
  }

  /**
   * Chains of other policies; those that are the same objects keep their stages. Nothing changes for these chains until
   * {@link retire}.
   *
   * @throws {@link SshServerError} as the constructor does; then nothing has happened.
   */
  successor(policies: PoliciesByRequest): PolicyChains {
    return new PolicyChains(policies, this.report, this.#makeContext, this);
  }

  /** The stages that requests of `type` pass, in order. */
  stagesOf<Type extends SshRequestType>(type: Type): readonly PolicyStage<SshRequests[Type]>[] {
    return this.#stages[type];
  }

  /** Whether `stage` is one of these chains. */
  has(stage: object | undefined): boolean {
    return stage !== undefined && this.#all.has(stage);
  }

  /** How these chains were replaced, once they were. */
  get replacement(): Replacement | undefined {
    return this.#replacement;
  }

  /** Whether they were replaced, and every decision that began with them or before them has ended. */
  get usedUp(): boolean {
    return this.#replacement !== undefined && this.#open === 0 && this.#predecessor === undefined;
  }

  /** A decision begins that may ask any of the stages, until {@link leave}. */
  enter(): void {
    this.#open += 1;
  }

  /** A decision has ended. */
  leave(): void {
    this.#open -= 1;
    this.#closeIfUsedUp();
  }

  /**
   * Begins no more decisions: closes the stages that `replacement.next` does not have, once they are {@link usedUp}.
   *
   * @param whenUsedUp - called once then, perhaps at once
   */
  retire(replacement: Replacement, whenUsedUp?: () => void): void {
    this.#replacement = replacement;
    this.#whenUsedUp = whenUsedUp;
    replacement.next.#predecessor = this;
    this.#closeIfUsedUp();
  }

  /** Unsubscribes every policy: nothing will be asked any more. */
  close(): void {
    for (const stage of this.#stageOf.values()) stage.close();
  }

  /** Every policy in the order in which it is asked. */
  describe(): readonly { readonly request: SshRequestType; readonly phase: Phase; readonly source: string }[] {
    return SSH_REQUEST_TYPES.flatMap((request) =>
      this.stagesOf(request).map(({ phase, source }) => ({ request, phase, source })),
    );
  }

  #closeIfUsedUp(): void {
    if (this.#replacement === undefined || !this.usedUp) return;
    const { next } = this.#replacement;
    for (const stage of this.#stageOf.values()) if (!next.has(stage)) stage.close();
    this.#whenUsedUp?.();
    next.#predecessor = undefined;
    next.#closeIfUsedUp();
  }

  #build<R extends SshRequest>(
    type: SshRequestType,
    placed: readonly PlacedPolicy<R>[] = [],
    predecessor: PolicyChains | undefined,
  ): readonly PolicyStage<R>[] {
    const ordered = PHASES.flatMap((phase) => placed.filter((it) => it.phase === phase));
    return ordered.map((it) => {
      // A stage is kept under its own policy, so it decides what the policy does.
      const kept = (predecessor === undefined ? undefined : predecessor.#stageOf.get(it)) as PolicyStage<R> | undefined;
      const stage = kept ?? build(type, it, this.report, this.#makeContext);
      // Every stage is one of some request; TypeScript does not see that R is one of the members.
      this.#stageOf.set(it, stage as unknown as AnyStage);
      return stage;
    });
  }
}

function build<R extends SshRequest>(
  type: SshRequestType,
  placed: PlacedPolicy<R>,
  report: ReportFault,
  makeContext: MakeContext | undefined,
): PolicyStage<R> {
  try {
    return new PolicyStage(placed, report, makeContext);
  } catch (cause) {
    if (SshServerError.is(cause)) throw cause;
    throw new SshServerError(
      'ERR_SSH_POLICY_FAILED',
      `${placed.source} threw while its policy for ${type} was built: ${messageOf(cause)}`,
      { cause },
    );
  }
}
