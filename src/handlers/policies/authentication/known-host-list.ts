import type { Certificate } from '../../../protocol/authentication/certificate.js';
import {
  type KnownHost,
  type KnownHostsProblem,
  parseKnownHosts,
} from '../../../protocol/authentication/known-hosts.js';
import { sameKey } from '../../../protocol/authentication/public-key.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { AuthKey } from '../../../streams/events/ssh-user-auth-request.js';
import { hostName } from '../matching/host-name.js';
import { WildcardPattern } from '../matching/wildcard-pattern.js';

/** One key, and the hosts that it is for. */
interface KeyOfHosts {
  readonly blob: Uint8Array;
  readonly isFor: (host: string) => boolean;
}

/** Whose keys hosts have, as a known_hosts file says it. */
export class KnownHostList {
  readonly #keys: readonly KeyOfHosts[];
  readonly #authorities: readonly KeyOfHosts[];
  readonly #revoked: readonly KeyOfHosts[];

  /**
   * @param onProblem - Told of each line that was left out, and why.
   * @throws TypeError for a line that was to revoke a key and cannot be read: nobody can say which key, or for whom.
   */
  constructor(text: string, onProblem: (problem: KnownHostsProblem) => void) {
    const { entries, problems } = parseKnownHosts(text);
    for (const problem of problems) {
      if (problem.isRevocation)
        throw new TypeError(`line ${String(problem.line)} revokes a key, and cannot be read: ${problem.message}`);
      onProblem(problem);
    }
    const marked = (marker: KnownHost['marker']): readonly KeyOfHosts[] =>
      entries
        .filter((entry) => entry.marker === marker)
        .map(({ hosts, publicKey }) => ({ blob: publicKey.blob, isFor: matcherOf(hosts) }));
    this.#keys = marked(undefined);
    this.#authorities = marked('cert-authority');
    this.#revoked = marked('revoked');
  }

  /**
   * Why `key` is not to be taken for one of `host`; undefined if it is.
   *
   * @param host - In the form of {@link hostName}.
   * @param now - Milliseconds since the epoch, for the life of certificates.
   */
  refusal(host: string, key: AuthKey, now: number): DenyReason | undefined {
    const { certificate, blob } = key;
    const shown = certificate === undefined ? [blob] : [certificate.publicKey, certificate.authority.blob];
    if (shown.some((it) => knows(this.#revoked, it, host))) return DenyReason.KeyRevoked;
    const isKnown =
      certificate === undefined
        ? knows(this.#keys, blob, host)
        : knows(this.#authorities, certificate.authority.blob, host) && isValidFor(certificate, host, now);
    return isKnown ? undefined : DenyReason.KeyNotAccepted;
  }
}

/** To the end in any case: the time taken tells nobody where in the list a key stands. */
function knows(keys: readonly KeyOfHosts[], blob: Uint8Array, host: string): boolean {
  const shown = { blob: bufferOf(blob) };
  let known = false;
  for (const { blob: own, isFor } of keys) {
    const isSame = sameKey({ blob: bufferOf(own) }, shown);
    known = (isFor(host) && isSame) || known;
  }
  return known;
}

/** There are no critical options for hosts, so one that is there is one that nobody here understands. */
function isValidFor({ principals, validAfter, validBefore, criticalOptions }: Certificate, host: string, now: number) {
  if (criticalOptions.length > 0 || now < validAfter || now >= (validBefore ?? Infinity)) return false;
  return principals.some((principal) => hostName(principal) === host);
}

/** Which hosts a line is for (sshd(8)): patterns, of which those with `!` win, and digests of names. */
function matcherOf(hosts: KnownHost['hosts']): (host: string) => boolean {
  const wanted: ((host: string) => boolean)[] = [];
  const unwanted: WildcardPattern[] = [];
  for (const entry of hosts) {
    if (typeof entry !== 'string') wanted.push((host) => entry.isNameOf(host));
    else if (entry.startsWith('!')) unwanted.push(patternOf(entry.slice(1)));
    else {
      const pattern = patternOf(entry);
      wanted.push((host) => pattern.matches(host));
    }
  }
  return (host) => wanted.some((matches) => matches(host)) && !unwanted.some((pattern) => pattern.matches(host));
}

/** Names of hosts are written in ASCII, without regard to case. What has a port or is an address is never one of them. */
const patternOf = (text: string): WildcardPattern => new WildcardPattern(text.toLowerCase().replace(/\.$/, ''));

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
