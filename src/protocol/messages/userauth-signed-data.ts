import { WireWriter } from '../../transport/wire/wire-writer.js';

/**
 * The bytes that the signature of a `publickey` or `hostbased` request covers: the session identifier as a string,
 * then the request up to the signature (RFC 4252 sections 7 and 9).
 *
 * Taken from the payload as it was sent rather than from its decoded fields, so that what is verified is what the
 * client signed.
 *
 * @param payload the SSH_MSG_USERAUTH_REQUEST that `signature` was decoded from, where it is the last field
 */
export function userauthSignedData(sessionId: Uint8Array, payload: Uint8Array, signature: Uint8Array): Buffer {
  const end = payload.length - signature.length - Uint32Array.BYTES_PER_ELEMENT;
  return new WireWriter().string(sessionId).bytes(payload.subarray(0, end)).finish();
}
