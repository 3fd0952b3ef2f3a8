import { messageOf, SshServerError } from '../errors.js';
import { SSH_REQUEST_TYPES, type SshRequest, type SshRequests, type SshRequestType } from './events/ssh-request.js';
import { type Phase, PHASES } from './phase.js';
import { type PlacedPolicy, PolicyStage, type ReportFault } from './policy-stage.js';

/** The policies of a server by the request they decide; reading order within a phase. */
export type PoliciesByRequest = {
  readonly [Type in SshRequestType]?: readonly PlacedPolicy<SshRequests[Type]>[];
};

type StagesByRequest = { readonly [Type in SshRequestType]: readonly PolicyStage<SshRequests[Type]>[] };

/** The resolved chain of each request: all its policies, by phase, built once. */
export class PolicyChains {
  readonly #stages: StagesByRequest;
  readonly report: ReportFault;

  /** @throws {@link SshServerError} `ERR_SSH_POLICY_FAILED` if a policy throws while it is built or is no operator. */
  constructor(policies: PoliciesByRequest, report: ReportFault) {
    this.report = report;
    this.#stages = {
      ConnectionRequest: this.#build('ConnectionRequest', policies.ConnectionRequest),
      SSHServiceRequest: this.#build('SSHServiceRequest', policies.SSHServiceRequest),
      SSHUserAuthRequest: this.#build('SSHUserAuthRequest', policies.SSHUserAuthRequest),
      SSHChannelOpenRequest: this.#build('SSHChannelOpenRequest', policies.SSHChannelOpenRequest),
      SSHChannelRequest: this.#build('SSHChannelRequest', policies.SSHChannelRequest),
      SSHGlobalRequest: this.#build('SSHGlobalRequest', policies.SSHGlobalRequest),
    };
  }

  /** The stages that requests of `type` pass, in order. */
  stagesOf<Type extends SshRequestType>(type: Type): readonly PolicyStage<SshRequests[Type]>[] {
    return this.#stages[type];
  }

  /** Unsubscribes every policy: nothing will be asked any more. */
  close(): void {
    for (const type of SSH_REQUEST_TYPES) for (const stage of this.stagesOf(type)) stage.close();
  }

  /** Every policy in the order in which it is asked. */
  describe(): readonly { readonly request: SshRequestType; readonly phase: Phase; readonly source: string }[] {
    return SSH_REQUEST_TYPES.flatMap((request) =>
      this.stagesOf(request).map(({ phase, source }) => ({ request, phase, source })),
    );
  }

  #build<R extends SshRequest>(
    type: SshRequestType,
    placed: readonly PlacedPolicy<R>[] = [],
  ): readonly PolicyStage<R>[] {
    const ordered = PHASES.flatMap((phase) => placed.filter((it) => it.phase === phase));
    return ordered.map((it) => build(type, it, this.report));
  }
}

function build<R extends SshRequest>(
  type: SshRequestType,
  placed: PlacedPolicy<R>,
  report: ReportFault,
): PolicyStage<R> {
  try {
    return new PolicyStage(placed, report);
  } catch (cause) {
    if (SshServerError.is(cause)) throw cause;
    throw new SshServerError(
      'ERR_SSH_POLICY_FAILED',
      `${placed.source} threw while its policy for ${type} was built: ${messageOf(cause)}`,
      { cause },
    );
  }
}
