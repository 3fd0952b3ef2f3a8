import { WireReader } from '../../transport/wire/wire-reader.js';
import { WireWriter } from '../../transport/wire/wire-writer.js';
import type { SignatureCheck } from './signature-algorithm.js';
import { signatureAlgorithmFor } from './signature-algorithms.js';
import { plainKeyOf, type UserKey } from './user-key.js';

/** SSH_MSG_USERAUTH_REQUEST, which the signed data repeats. */
const USERAUTH_REQUEST = 50;

/** What a `publickey` or `hostbased` request with a signature holds, and the connection it came on. */
export interface UserAuthSignature {
  /** The exchange hash of the first key exchange (RFC 4253 section 7.2): it ties the signature to this connection. */
  readonly sessionId: Uint8Array;
  /** User name as `WireReader.utf8` gives it, from which the client's own bytes can be restored. */
  readonly user: string;
  readonly service: string;
  /** The public key algorithm that the request names. */
  readonly algorithm: string;
  /** The public key or certificate as the request holds it. */
  readonly blob: Uint8Array;
  /** The signature as the request holds it: the algorithm's name, then its own fields. */
  readonly signature: Uint8Array;
  /** What {@link parseUserKey} made of {@link blob}. */
  readonly publicKey: UserKey;
  /** Present if the request is `hostbased`: who signs, and for whom (RFC 4252 section 9). Names as the request holds them. */
  readonly host?: { readonly clientHostName: string; readonly clientUserName: string };
}

/** Tells whether a signature is good, and, if a security key has made it, how. */
export type VerifySignature = (request: UserAuthSignature) => SignatureCheck;

/**
 * Verifies the signature of a `publickey` or `hostbased` authentication request (RFC 4252 sections 7 and 9).
 *
 * Not false only if the request and the signature name the same accepted algorithm, that algorithm belongs to the type of
 * the key or certificate, `publicKey` is the key in `blob`, and the signature is good for exactly this session, method, user,
 * service, algorithm, key and, where a host signs, for exactly its names. Everything else, any exception included, is false.
 * Takes no position on whether the key may log in.
 */
export function verifyUserAuthSignature(request: UserAuthSignature): SignatureCheck {
  try {
    const { algorithm, publicKey } = request;
    // The key that signed must be the key that policies see.
    if (!publicKey.blob.equals(request.blob)) return false;

    const row = signatureAlgorithmFor(algorithm, publicKey);
    if (row === undefined) return false;

    const reader = new WireReader(request.signature);
    if (reader.ascii() !== row.name) return false;
    return row.verify(plainKeyOf(publicKey), signedData(request), reader);
  } catch {
    return false;
  }
}

/** The data that RFC 4252 has the client sign: the session, and the request up to the signature. */
function signedData({ sessionId, user, service, algorithm, blob, host }: UserAuthSignature): Buffer {
  const signed = new WireWriter().string(sessionId).byte(USERAUTH_REQUEST).utf8(user).ascii(service);
  if (host === undefined) signed.ascii('publickey').boolean(true);
  else signed.ascii('hostbased');
  signed.ascii(algorithm).string(blob);
  if (host !== undefined) signed.ascii(host.clientHostName).utf8(host.clientUserName);
  return signed.finish();
}
