import { messageOf } from '../../../errors.js';
import type { KeyRevocationList } from '../../../protocol/authentication/key-revocation-list.js';
import { readKeyRevocationList } from '../../../protocol/authentication/read-key-revocation-list.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideEach } from '../decide-each.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { RevocationFile } from './revocation-file.js';

/** Where {@link revokedKeys} has its list from: the content of a file, or the file, which is read again when it has changed. */
export type RevokedKeysSource = string | Uint8Array | { readonly file: string };

/**
 * Denies keys and certificates that must not be trusted any more, with {@link DenyReason.KeyRevoked}, whoever has granted them.
 * Grants nothing, and leaves other methods alone.
 *
 * The list is one of `ssh-keygen -k` (OpenSSH PROTOCOL.krl), which names keys, fingerprints, and certificates by their numbers or
 * key ids; or a text with a public key, or a fingerprint `SHA256:...`, on each line. A certificate is revoked as well if the key in
 * it is, or that of its authority. The number 0 revokes no certificate: it is that of all whose authority does not count.
 *
 * A file is looked at for each key that is shown. While it cannot be read or understood, every key is denied, with
 * {@link DenyReason.PolicyFailed} and the cause: nobody can say which keys it should have named. Sessions that have begun go on;
 * see {@link revokedBy} to end them.
 *
 * @example
 * ```ts
 * declare const authorities: string;
 *
 * const revoked = revokedKeys('SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDhKW7w/Q5kMwY8Cqc');
 * const handlers = [
 *   decide('SSHUserAuthRequest', revoked, { phase: 'limit' }),
 *   decide('SSHUserAuthRequest', grantCertificate({ authorities })),
 * ];
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if the list cannot be read or understood, or the name is
 * empty.
 */
export function revokedKeys(source: RevokedKeysSource, options: PolicyOptions = {}): Policy<SSHUserAuthRequest> {
  const by = policyName('revokedKeys', options);
  const current = lister(source);

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (request.method !== 'publickey') return verdict;
    const { blob, certificate } = request.key;
    const key = certificate === undefined ? { publicKey: blob } : { publicKey: certificate.publicKey, certificate };
    return whenAnswered(current(), (list) => {
      if (list === undefined) throw new TypeError('there is no list');
      return list.revokes(key) ? deny(verdict, by, DenyReason.KeyRevoked) : verdict;
    });
  });
}

function lister(source: unknown): () => Answer<KeyRevocationList> {
  const wrong = (rule: string) => policyOptionError('revokedKeys', 'source', rule, source);
  try {
    if (typeof source === 'string' || source instanceof Uint8Array) {
      const list = read(source);
      return () => list;
    }
    // JavaScript may bring anything.
    const { file } = (source ?? {}) as { readonly file?: unknown };
    if (typeof file === 'string' && file !== '') {
      const content = new RevocationFile(file, read);
      return () => content.current();
    }
  } catch (cause) {
    throw wrong(`cannot be used, since ${messageOf(cause)}`);
  }
  throw wrong('must be the content of a list of revoked keys, or { file }');
}

function read(content: string | Uint8Array): KeyRevocationList {
  const reading = readKeyRevocationList(content);
  if ('list' in reading) return reading.list;
  throw new TypeError(`this is no list of revoked keys: ${reading.fault}`);
}
