import type { ConnectionAuthority } from '../connection-authority.js';
import type { Link } from '../link.js';
import type { HostbasedMethod, PublicKeyMethod, UserauthMethod } from '../messages/userauth-method.js';
import type { AuthCredential } from './auth-attempt.js';
import type { VerifySignature } from './signature.js';
import { signatureAlgorithmFor } from './signature-algorithms.js';
import type { CertificateHolder } from './read-certificate.js';
import { parseUserKey, type UserKey } from './user-key.js';

/** Whose request it is, which its signature covers as well. */
interface Requester {
  readonly user: string;
  readonly service: string;
}

/** A key in a request, of whichever method. */
interface ShownKey {
  readonly publicKeyAlgorithm: string;
  readonly publicKey: Buffer;
}

/**
 * Reads what a request shows for itself, and verifies it as far as that can be done without asking anybody.
 *
 * What is shown for a method that the server does not offer is not looked at, and goes up by the name of the method alone: no
 * password reaches anybody, and no key costs the server a signature. `none` asks for the methods, so it is always one.
 */
export class CredentialReader {
  readonly #link: Pick<Link, 'sessionId'>;
  readonly #authority: Pick<ConnectionAuthority, 'authMethods' | 'publicKeySignatures'>;
  readonly #verifySignature: VerifySignature;
  #lastKey: { readonly holder: CertificateHolder; readonly key: UserKey } | undefined;

  constructor(
    link: Pick<Link, 'sessionId'>,
    authority: Pick<ConnectionAuthority, 'authMethods' | 'publicKeySignatures'>,
    verifySignature: VerifySignature,
  ) {
    this.#link = link;
    this.#authority = authority;
    this.#verifySignature = verifySignature;
  }

  /** @param mayChange - whether the user was just asked for a new password: nobody else may change one */
  read(requester: Requester, method: UserauthMethod, mayChange: boolean): AuthCredential {
    if (method.type !== 'none' && !this.#authority.authMethods.includes(method.type)) return unusable(method);
    switch (method.type) {
      case 'none':
        return { method: 'none' };
      case 'password': {
        const { password } = method;
        if (!method.change) return { method: 'password', password };
        return mayChange ? { method: 'password', password, newPassword: method.newPassword } : unusable(method);
      }
      case 'publickey':
        return this.#readPublicKey(requester, method);
      case 'keyboard-interactive':
        return {
          method: 'keyboard-interactive',
          stage: 'started',
          submethods: method.submethods.split(',').filter((name) => name !== ''),
        };
      case 'hostbased':
        return this.#readHost(requester, method);
      case 'other':
      case 'malformed':
        return unusable(method);
      default:
        return method satisfies never;
    }
  }

  /** Nobody will sign in any more. */
  forget(): void {
    this.#lastKey = undefined;
  }

  #readPublicKey({ user, service }: Requester, method: PublicKeyMethod): AuthCredential {
    const { publicKeyAlgorithm: algorithm, publicKey: blob } = method;
    const key = this.#usableKey('user', method);
    if (key === undefined) return unusable(method);
    if (!method.signed) return { method: 'publickey', stage: 'offered', algorithm, key };
    const { sessionId } = this.#link;
    const { signature } = method;
    const check = this.#verifySignature({ sessionId, user, service, algorithm, blob, signature, publicKey: key });
    if (check === false) return { method: 'publickey', stage: 'refuted', algorithm, key };
    const use = check === true ? {} : { securityKey: check };
    return { method: 'publickey', stage: 'proven', algorithm, key, ...use };
  }

  #readHost({ user, service }: Requester, method: HostbasedMethod): AuthCredential {
    const { publicKeyAlgorithm: algorithm, publicKey: blob, signature, clientHostName, clientUserName } = method;
    const key = this.#usableKey('host', method);
    // A host has nobody to touch a security key.
    if (key === undefined || key.application !== undefined) return unusable(method);
    const host = { clientHostName, clientUserName };
    const { sessionId } = this.#link;
    const request = { sessionId, user, service, algorithm, blob, signature, publicKey: key, host };
    const stage = this.#verifySignature(request) === false ? 'refuted' : 'proven';
    return { method: 'hostbased', stage, algorithm, key, ...host };
  }

  /** The key of a request, if it may sign in the way that the request names. */
  #usableKey(holder: CertificateHolder, shown: ShownKey): UserKey | undefined {
    const { publicKeySignatures: signatures } = this.#authority;
    const key = this.#parse(shown.publicKey, holder);
    if (key === undefined) return undefined;
    // The name of a certificate's algorithm does not tell by itself how the key signs.
    const row = signatureAlgorithmFor(shown.publicKeyAlgorithm, key);
    return row !== undefined && signatures?.includes(row.name) !== false ? key : undefined;
  }

  /** A client offers a key and then signs with it: the second time the key is known, by every byte of it. */
  #parse(blob: Buffer, holder: CertificateHolder): UserKey | undefined {
    const last = this.#lastKey;
    if (last?.holder === holder && last.key.blob.equals(blob)) return last.key;
    const signatures = this.#authority.publicKeySignatures;
    const key = parseUserKey(blob, signatures === undefined ? { holder } : { holder, signatures });
    this.#lastKey = key === undefined ? undefined : { holder, key };
    return key;
  }
}

/** What nothing can be made of here. An offer that could never be proven is no offer: the client would sign in vain. */
function unusable(method: UserauthMethod): AuthCredential {
  const name = method.type === 'other' || method.type === 'malformed' ? method.name : method.type;
  const isQuery = method.type === 'publickey' && !method.signed;
  return isQuery ? { method: 'other', name, isQuery } : { method: 'other', name };
}
