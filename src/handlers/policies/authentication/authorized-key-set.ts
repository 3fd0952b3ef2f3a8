import {
  type AuthorizedKey,
  type AuthorizedKeys,
  type AuthorizedKeysProblem,
  parseAuthorizedKeys,
} from '../../../protocol/authentication/authorized-keys.js';
import type { Certificate } from '../../../protocol/authentication/certificate.js';
import { sameKey } from '../../../protocol/authentication/public-key.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { OfferedKeyAuthRequest, ProvenKeyAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { KeyJudgement } from './answer-key.js';
import { certificateRefusal, type CertificateTerms, readCertificateTerms } from './certificate-terms.js';
import type { KeyAdmission } from './key-admission.js';
import { permittedByBoth } from './key-permissions.js';
import { type KeyTerms, readKeyTerms } from './key-terms.js';
import { securityKeyRefusal } from './security-key-refusal.js';

/**
 * The form in which a user's keys may be given: the text of an authorized_keys file, its entries, or what
 * {@link parseAuthorizedKeys} makes of it, which is understood once, however often it is given: do not change it.
 */
export type AuthorizedKeysSource = string | readonly AuthorizedKey[] | AuthorizedKeys;

/** Tells a file that was read from a list of its entries. */
export const isParsed = (source: AuthorizedKeysSource): source is AuthorizedKeys =>
  typeof source === 'object' && 'problems' in source;

type KeyRequest = OfferedKeyAuthRequest | ProvenKeyAuthRequest;

/** One key, and on what terms it may be used. */
interface KeyLine {
  readonly blob: Buffer;
  readonly terms: KeyTerms;
}

/** Keys that may sign in, and authorities whose certificates may, each on the terms of its line. */
export class AuthorizedKeySet {
  readonly #keys: readonly KeyLine[];
  readonly #authorities: readonly KeyLine[];

  /** @param onProblem - Told of each line that was left out, and why. */
  constructor(source: AuthorizedKeysSource, onProblem: (problem: AuthorizedKeysProblem) => void) {
    const { entries, problems } = read(source);
    const lines: KeyLine[] = [];
    const found = [...problems];
    for (const entry of entries) {
      const terms = readKeyTerms(entry);
      if ('fault' in terms) found.push({ line: entry.line, message: terms.fault });
      else lines.push({ blob: entry.blob, terms });
    }
    this.#keys = lines.filter(({ terms }) => !terms.isAuthority);
    this.#authorities = lines.filter(({ terms }) => terms.isAuthority);
    for (const problem of found.sort((a, b) => a.line - b.line)) onProblem(problem);
  }

  /** Whether the key of `request` may sign in at the time `now`. A certificate of an unknown authority is for others to judge. */
  judge(request: KeyRequest, now: number): KeyJudgement {
    const { certificate } = request.key;
    if (certificate !== undefined) return this.#judgeCertificate(request, certificate, now);
    return firstOf(this.#keys, request.key.blob, (terms) => {
      if (now > terms.expiresAt) return DenyReason.KeyNotAccepted;
      return (
        originRefusal(terms, request) ??
        securityKeyRefusal(request, terms) ?? { permissions: terms.permissions, endsAt: terms.expiresAt + 1 }
      );
    });
  }

  #judgeCertificate(request: KeyRequest, certificate: Certificate, now: number): KeyJudgement {
    const { blob } = certificate.authority;
    if (!this.#authorities.some((line) => sameKey(line, { blob: bufferOf(blob) }))) return undefined;
    const terms = readCertificateTerms(certificate);
    if (terms === undefined) return DenyReason.KeyNotAccepted;
    return firstOf(this.#authorities, blob, (line) => judgeBoth(line, terms, request, now));
  }
}

function read(source: AuthorizedKeysSource): AuthorizedKeys {
  if (typeof source === 'string') return parseAuthorizedKeys(source);
  return isParsed(source) ? source : { entries: source, problems: [] };
}

/** The first admission that a line gives to the key `blob`; if none does, what comes nearest to one. */
function firstOf(
  lines: readonly KeyLine[],
  blob: Uint8Array,
  judge: (terms: KeyTerms) => KeyAdmission | DenyReason,
): KeyAdmission | DenyReason {
  const shown = { blob: bufferOf(blob) };
  let admission: KeyAdmission | undefined;
  let refusal: DenyReason = DenyReason.KeyNotAccepted;
  // To the end in any case: the time taken tells nobody where in the list a key stands.
  for (const line of lines) {
    if (!sameKey(line, shown)) continue;
    const judgement = judge(line.terms);
    if (typeof judgement !== 'string') admission ??= judgement;
    else if (judgement !== DenyReason.KeyNotAccepted) refusal = judgement;
  }
  return admission ?? refusal;
}

/** Both the line of the authority and the certificate have to allow it. */
function judgeBoth(
  line: KeyTerms,
  terms: CertificateTerms,
  request: KeyRequest,
  now: number,
): KeyAdmission | DenyReason {
  if (now > line.expiresAt) return DenyReason.KeyNotAccepted;
  const names = line.principals ?? new Set([request.user]);
  const refusal =
    originRefusal(line, request) ??
    certificateRefusal(terms, names, request.connection.remoteAddress, now) ??
    securityKeyRefusal(request, {
      mayBeUntouched: line.mayBeUntouched && terms.mayBeUntouched,
      mustVerifyUser: line.mustVerifyUser || terms.mustVerifyUser,
    });
  if (refusal !== undefined) return refusal;
  const permissions = permittedByBoth(line.permissions, terms.permissions);
  if (permissions === undefined) return DenyReason.KeyNotAccepted;
  return { permissions, endsAt: Math.min(line.expiresAt + 1, terms.validBefore) };
}

const originRefusal = ({ origin }: KeyTerms, { connection }: KeyRequest): DenyReason | undefined =>
  origin?.admits(connection.remoteAddress) === false ? DenyReason.AddressNotAllowed : undefined;

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
