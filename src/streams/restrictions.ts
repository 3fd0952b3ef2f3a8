import type { ChannelRequestQuestion } from '../protocol/connection-authority.js';
import { ChannelRequestDetail } from '../protocol/messages/channel-request-detail.js';
import { DenyReason } from './deny-reason.js';
import type { SshRequest } from './events/ssh-request.js';
import type { Lease } from './lease.js';
import { type RestrictableRequest, type Restriction, restrictionOf } from './restriction.js';
import type { Declined } from './verdict.js';

const ORIGINAL_COMMAND = 'SSH_ORIGINAL_COMMAND';
const NOTHING: ReadonlyMap<string, string> = new Map();

/** All that restricts one connection. It only ever gets more. */
export class Restrictions {
  readonly #restrictions = new Set<Restriction>();
  /** The first command that has to run in place of others. */
  #command: string | undefined;

  /** The restrictions among `leases`, beside those that `known` has; undefined if there are none at all. */
  static collect(leases: readonly Lease[], known: Restrictions | undefined): Restrictions | undefined {
    let all = known;
    for (const lease of leases) {
      const restriction = restrictionOf(lease);
      if (restriction !== undefined) (all ??= new Restrictions()).#add(restriction);
    }
    return all;
  }

  /** Why a request cannot be granted; undefined if nothing stands against it. */
  refusal(request: SshRequest): Declined | undefined {
    switch (request.type) {
      case 'ConnectionRequest':
      case 'SSHServiceRequest':
      case 'SSHUserAuthRequest':
        return undefined;
      case 'SSHChannelOpenRequest':
      case 'SSHChannelRequest':
      case 'SSHGlobalRequest':
        break;
      default:
        return request satisfies never;
    }
    for (const restriction of this.#restrictions) {
      const { by } = restriction;
      try {
        if (restriction.allows?.(request) === false) return { by, reason: DenyReason.NotPermitted };
      } catch {
        return { by, reason: DenyReason.PolicyFailed };
      }
      // Two different commands rule each other out, and one may have come to be forced while the policies thought.
      const { command } = restriction;
      if (command === undefined) continue;
      const isAnother = isProgram(request) && !(request.detail.type === 'exec' && request.detail.command === command);
      if (isAnother || isOriginalCommand(request)) return { by, reason: DenyReason.NotPermitted };
    }
    return undefined;
  }

  /** What is to be decided and done in place of `question`: the forced command, or the question as it is. */
  programFor(question: ChannelRequestQuestion): ChannelRequestQuestion {
    const command = this.#command;
    if (command === undefined || !isProgram(question)) return question;
    const detail: ChannelRequestDetail = { type: 'exec', command };
    return { ...question, requestType: 'exec', detail, data: ChannelRequestDetail.encode(detail) };
  }

  /** The variables that a session has to have when `question`, as the client asked it, starts its program. */
  environmentFor(question: ChannelRequestQuestion): ReadonlyMap<string, string> {
    if (!isProgram(question)) return NOTHING;
    const environment = new Map<string, string>();
    for (const restriction of this.#restrictions) {
      for (const [name, value] of restriction.environment ?? NOTHING) environment.set(name, value);
    }
    const original = this.#command === undefined ? undefined : originalCommand(question.detail);
    return original === undefined ? environment : environment.set(ORIGINAL_COMMAND, original);
  }

  #add(restriction: Restriction): void {
    this.#restrictions.add(restriction);
    this.#command ??= restriction.command;
  }
}

/** One that can be started: what is malformed starts nothing anyway. */
const isProgram = ({ detail }: { readonly detail: { readonly type: string } }): boolean =>
  detail.type === 'exec' || detail.type === 'shell' || detail.type === 'subsystem';

const isOriginalCommand = ({ detail }: RestrictableRequest): boolean =>
  detail.type === 'env' && detail.variableName === ORIGINAL_COMMAND;

function originalCommand(detail: ChannelRequestDetail): string | undefined {
  if (detail.type === 'exec') return detail.command;
  return detail.type === 'subsystem' ? detail.subsystemName : undefined;
}
