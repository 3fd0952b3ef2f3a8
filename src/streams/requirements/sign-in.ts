import type { AuthAttempt, AuthOutcome } from '../../protocol/authentication/auth-attempt.js';
import { withoutSecrets } from '../auth-request.js';
import type { FinalVerdict } from '../decision.js';
import type { Settlement } from '../edge.js';
import type { SSHUserAuthRequest } from '../events/ssh-user-auth-request.js';
import type { Identity } from '../identity.js';
import type { GrantedVerdict } from '../verdict.js';
import { methodsThatContinue } from './auth-progress.js';
import { passedStepOf, type PassedStep } from './passed-step.js';

/** What a policy has granted on the way, to be held once somebody is in. */
export interface GrantedStep {
  readonly verdict: GrantedVerdict<SSHUserAuthRequest>;
  readonly settlement: Settlement;
}

/** Somebody who has signed in, with everything that was granted for it, first to last. */
export interface SignedIn {
  readonly identity: Identity;
  readonly grants: readonly GrantedStep[];
}

const NOTHING: readonly never[] = [];

/**
 * How far somebody has come on one connection towards signing in: the steps that were passed, with what was granted for each.
 *
 * Nothing of it is held before the last step: a connection on which somebody has shown half of what it takes is nobody's yet.
 */
export class SignIn {
  /** The methods of the server. */
  readonly #offered: readonly string[];
  #user = '';
  #service = '';
  #passed: readonly PassedStep[] | undefined;
  #grants: readonly GrantedStep[] = NOTHING;
  /** What comes of it if the protocol, which has the last word on proofs, agrees. */
  #signedIn: SignedIn | undefined;

  constructor(offered: readonly string[]) {
    this.#offered = offered;
  }

  /** What was passed before `attempt`; nothing, and for good, if it is for another user or service (RFC 4252 section 5). */
  passedBy({ user, service }: AuthAttempt): readonly PassedStep[] | undefined {
    if (user === this.#user && service === this.#service) return this.#passed;
    this.#user = user;
    this.#service = service;
    this.#passed = undefined;
    this.#grants = NOTHING;
    return undefined;
  }

  /** What the client is answered, and what is kept of it. */
  conclude(
    request: SSHUserAuthRequest,
    verdict: FinalVerdict<SSHUserAuthRequest>,
    settlement: Settlement,
  ): AuthOutcome {
    if (verdict.state === 'denied') return { type: 'failure', ...this.#continuing(request, verdict) };
    if (verdict.challenge !== undefined) {
      return { type: 'challenge', challenge: verdict.challenge, ...this.#continuing(request, verdict) };
    }
    if (verdict.passwordChange !== undefined) {
      return { type: 'password-change', prompt: verdict.passwordChange.prompt, ...this.#continuing(request, verdict) };
    }
    if (request.method === 'publickey' && request.stage === 'offered') return { type: 'offer-accepted' };

    // Kept for as long as the connection lives, which the secret must not be.
    const grant: GrantedStep = { verdict: { ...verdict, request: withoutSecrets(request) }, settlement };
    const { by, requires = [] } = verdict;
    if (settlement.partial === true) {
      this.#passed = [...(request.passed ?? NOTHING), passedStepOf(request, by)];
      this.#grants = [...this.#grants, grant];
      return { type: 'partial', methods: methodsThatContinue(requires, this.#passed, this.#offered) };
    }
    this.#signedIn = { identity: identityOf(request, by), grants: [...this.#grants, grant] };
    return { type: 'success' };
  }

  /** Who has signed in; undefined if no policy has granted it. */
  get signedIn(): SignedIn | undefined {
    return this.#signedIn;
  }

  /** The methods of a failure, where requirements narrow them. */
  #continuing(
    { passed = NOTHING }: SSHUserAuthRequest,
    { requires }: FinalVerdict<SSHUserAuthRequest>,
  ): { readonly methods?: readonly string[] } {
    return requires === undefined ? {} : { methods: methodsThatContinue(requires, passed, this.#offered) };
  }
}

function identityOf(request: SSHUserAuthRequest, by: string): Identity {
  const { user, method, passed } = request;
  const steps = [...(passed ?? NOTHING), passedStepOf(request, by)];
  // The key of a host says nothing of who its user is.
  const key = steps.findLast((step) => step.method === 'publickey');
  return {
    user,
    method,
    ...(key?.keyFingerprint === undefined ? {} : { keyFingerprint: key.keyFingerprint }),
    ...(passed === undefined ? {} : { steps }),
  };
}
