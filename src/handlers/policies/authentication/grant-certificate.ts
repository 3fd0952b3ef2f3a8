import { parseAuthorizedKeys } from '../../../protocol/authentication/authorized-keys.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type {
  OfferedKeyAuthRequest,
  ProvenKeyAuthRequest,
  SSHUserAuthRequest,
} from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { decline } from '../../../streams/verdict.js';
import { whileConnected } from '../abuse/while-connected.js';
import { type Answer, whenAnswered } from '../answer.js';
import { requireBoolean } from '../choice-checks.js';
import { heldInRehearsal } from './held-in-rehearsal.js';
import { decideEach } from '../decide-each.js';
import { type DeadlineOptions, endingOf } from '../lifetime/ending-options.js';
import { requireFunction } from '../option-checks.js';
import { clockFor } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { answerKey, isForKeys, type KeyJudgement } from './answer-key.js';
import { certificateRefusal, type CertificateTerms, readCertificateTerms } from './certificate-terms.js';
import { securityKeyRefusal } from './security-key-refusal.js';

type KeyRequest = OfferedKeyAuthRequest | ProvenKeyAuthRequest;

/**
 * Says by which principals a user may sign in: a certificate has to have one of them. Asked for the offer and again for the
 * proof; an Observable that completes without a value means none, and one that is under way is unsubscribed if the client goes.
 */
export type FindPrincipals = (
  user: string,
  request: OfferedKeyAuthRequest | ProvenKeyAuthRequest,
) => Answer<readonly string[]>;

/** Options of {@link grantCertificate}. Grace and warnings are about the end of the certificate. */
export interface GrantCertificateOptions extends DeadlineOptions {
  /**
   * The public keys of the authorities whose word counts: the text of one or several `.pub` files. Lines have no options but
   * `cert-authority`; for others, see {@link grantPublicKey}.
   */
  readonly authorities: string | readonly string[];
  /** Default: the name of the user alone. */
  readonly principalsOf?: FindPrincipals;
  /**
   * Whether a security key may sign without being touched if its certificate has the extension `no-touch-required`. Default
   * false.
   */
  readonly allowUntouched?: boolean;
}

/**
 * Accepts the offer of a user certificate that one of `authorities` has signed, and grants its proof (OpenSSH PROTOCOL.certkeys).
 *
 * The certificate has to name a principal of the user, to be valid now, at the end of which the session ends as well, and to come
 * from an address of its `source-address`. Whoever signs in by it has the forced command, and of terminals, port, agent and X11
 * forwarding only what its extensions permit, whatever other policies say. A security key has to be touched, and to know
 * its user if `verify-required`. A certificate that names no principals is nobody's, and one with a critical option that is not
 * known is refused. The server has verified all signatures by then.
 *
 * Other certificates of these authorities are left to other policies, and denied if none grants them: with
 * {@link DenyReason.KeyNotAccepted}, or {@link DenyReason.AddressNotAllowed} where only the address stands against it, and wrong
 * signatures, like those of security keys that were not touched, with {@link DenyReason.BadSignature}. All else passes untouched.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 *
 * declare const roles: { of(user: string): Promise<readonly string[]> };
 *
 * const signIn = grantCertificate({
 *   authorities: await readFile('user_ca.pub', 'utf8'),
 *   principalsOf: (user) => roles.of(user),
 *   warnBeforeMs: 300_000,
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if there is no authority, a line gives none, or an option
 * is of the wrong kind or out of range.
 * @see {@link revokedKeys} for certificates that are no longer good.
 */
export function grantCertificate(options: GrantCertificateOptions): Policy<SSHUserAuthRequest> {
  const ending = endingOf('grantCertificate', options);
  const { principalsOf, allowUntouched = false } = options;
  if (principalsOf !== undefined) requireFunction('grantCertificate', 'principalsOf', principalsOf);
  requireBoolean('grantCertificate', 'allowUntouched', allowUntouched);
  const authorities = readAuthorities(options.authorities);

  const judge = (terms: CertificateTerms, request: KeyRequest, names: readonly string[], now: number): KeyJudgement => {
    const { mustVerifyUser, permissions, validBefore } = terms;
    const mayBeUntouched = allowUntouched && terms.mayBeUntouched;
    return (
      certificateRefusal(terms, new Set(names), request.connection.remoteAddress, now) ??
      securityKeyRefusal(request, { mayBeUntouched, mustVerifyUser }) ?? { permissions, endsAt: validBefore }
    );
  };

  return decideEach(ending.by, (verdict) => {
    const { request } = verdict;
    if (!isForKeys(verdict, ending) || request.method !== 'publickey') return verdict;
    const { certificate } = request.key;
    if (certificate === undefined || !authorities.has(textOf(certificate.authority.blob))) return verdict;
    if (request.stage === 'refuted') return decline(verdict, ending.by, DenyReason.BadSignature);
    const terms = readCertificateTerms(certificate);
    if (terms === undefined) return decline(verdict, ending.by, DenyReason.KeyNotAccepted);

    const names = principalsOf === undefined ? [request.user] : principalsOf(request.user, request);
    const answer = whenAnswered(names, (found = []) => {
      if (!isNameList(found)) throw new TypeError('principalsOf has to answer with a list of names');
      const judgement = judge(terms, request, found, clockFor(options, verdict).now());
      return answerKey(verdict, request, judgement, ending, options);
    });
    return heldInRehearsal(verdict, whileConnected(ending.by, verdict, answer));
  });
}

/** A list of one text is a set of letters to a set: what the compiler promises of callbacks is checked. */
const isNameList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');

const textOf = (blob: Uint8Array): string =>
  Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('base64');

function readAuthorities(authorities: unknown): ReadonlySet<string> {
  const fail = (rule: string): never => {
    throw policyOptionError('grantCertificate', 'authorities', rule, authorities);
  };
  const texts: readonly unknown[] = Array.isArray(authorities) ? authorities : [authorities];
  const keys = new Set<string>();
  for (const text of texts) {
    if (typeof text !== 'string') return fail('must be the text of public keys, or a list of such texts');
    const { entries, problems } = parseAuthorizedKeys(text);
    const [problem] = problems;
    if (problem !== undefined) return fail(`cannot be used at line ${String(problem.line)}, since ${problem.message}`);
    for (const { blob, line, options } of entries) {
      const option = options.find(({ name }) => name !== 'cert-authority');
      if (option !== undefined) {
        return fail(`cannot have the option ${option.name} at line ${String(line)}: give such lines to grantPublicKey`);
      }
      keys.add(textOf(blob));
    }
  }
  return keys.size > 0 ? keys : fail('must hold a public key');
}
