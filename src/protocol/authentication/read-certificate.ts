import type { KeyObject } from 'node:crypto';

import { decodeUtf8 } from '../../transport/wire/utf8.js';
import { WireReader } from '../../transport/wire/wire-reader.js';
import { WireWriter } from '../../transport/wire/wire-writer.js';
import type { Certificate, CertificateOption } from './certificate.js';
import { type CertificateType, certifiedTypeOf } from './certificate-type.js';
import { publicKeyFields } from './public-key-fields.js';
import { type PublicKey, readPublicKey } from './public-key.js';
import { signatureAlgorithmFor } from './signature-algorithms.js';
import type { CertifiedKey } from './user-key.js';

/** What {@link readCertificate} makes of a blob. */
export type CertificateReading =
  { readonly key: CertifiedKey } | { /** For the log of the server. Printable. */ readonly fault: string };

/** Two of the longest keys and a signature leave half of it for names. Checked first, so that a large blob costs nothing. */
const MAX_BLOB_BYTES = 16_384;
/** As OpenSSH has it. */
const MAX_PRINCIPALS = 256;
const MAX_OPTIONS = 256;

/** For whom a certificate is (OpenSSH PROTOCOL.certkeys), by the number that says so. */
const HOLDERS = { user: 1, host: 2 } as const;

/** For whom a certificate is. */
export type CertificateHolder = keyof typeof HOLDERS;

/** Which certificates count. */
export interface CertificateTrust {
  /** For whom they have to be. Default `user`. */
  readonly holder?: CertificateHolder;
  /** The signature algorithms that authorities may use, by name. Default all that users may. */
  readonly signatures?: readonly string[];
}

const FOR_EVER = 2n ** 64n - 1n;
/** The last second that a `Date` can show. Later is never. */
const LAST_SECOND = 8_640_000_000_000n;

/** Options whose form OpenSSH PROTOCOL.certkeys gives: text, or the name alone. */
const WITH_TEXT: ReadonlySet<string> = new Set(['force-command', 'source-address']);
const NAME_ALONE: ReadonlySet<string> = new Set([
  'verify-required',
  'no-touch-required',
  'permit-X11-forwarding',
  'permit-agent-forwarding',
  'permit-port-forwarding',
  'permit-pty',
  'permit-user-rc',
]);

/** Made by browsers, for whom no authority signs. */
const WEBAUTHN = 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com';

/**
 * Parses a certificate (OpenSSH PROTOCOL.certkeys) and verifies the signature of its authority, whoever that is.
 *
 * The certified key and that of the authority must be what {@link readPublicKey} takes. Certificates of another holder than
 * `trust` says, certificates signed by certificates and signatures with SHA-1 are refused. Costs at most one verification.
 * Never throws, whatever the bytes are.
 */
export function readCertificate(blob: Uint8Array, trust: CertificateTrust = {}): CertificateReading {
  if (blob.length > MAX_BLOB_BYTES) return { fault: `the certificate is larger than ${String(MAX_BLOB_BYTES)} bytes` };
  try {
    // The blob usually is a view on a receive buffer that will be reused.
    return read(Buffer.from(blob), trust);
  } catch {
    return { fault: 'the certificate is malformed' };
  }
}

function read(blob: Buffer, { holder = 'user', signatures }: CertificateTrust): CertificateReading {
  const reader = new WireReader(blob);
  const name = reader.ascii();
  const keyType = certifiedTypeOf(name);
  if (keyType === undefined) return { fault: 'this is no certificate of a supported type' };
  // Makes what is signed unpredictable to whoever asked for it.
  reader.string();

  const start = blob.length - reader.remaining;
  const fields = publicKeyFields[keyType](reader);
  const end = blob.length - reader.remaining;
  if (!reader.ok) return malformed(name);
  if ('fault' in fields) return fields;
  const reading = readPublicKey(new WireWriter().ascii(keyType).bytes(blob.subarray(start, end)).finish());
  if ('fault' in reading) return reading;

  const serial = reader.uint64();
  const type = reader.uint32();
  const keyId = reader.utf8();
  const principals = readPrincipals(reader.string());
  const validAfter = reader.uint64();
  const validBefore = reader.uint64();
  const criticalOptions = readOptions(reader.string());
  const extensions = readOptions(reader.string());
  reader.string();
  const authorityBlob = reader.string();
  const signed = blob.subarray(0, blob.length - reader.remaining);
  const signature = reader.string();
  const isWhole = principals !== undefined && criticalOptions !== undefined && extensions !== undefined;
  if (!reader.complete || !isWhole) return malformed(name);
  if (type !== HOLDERS[holder]) return { fault: `the certificate is none of a ${holder}` };

  const authority = readPublicKey(authorityBlob);
  if ('fault' in authority) return { fault: `the authority of the certificate: ${authority.fault}` };
  // Whoever offers a certificate chooses the authority, and has it verified for nothing.
  if (authority.publicKey.bits > MAX_AUTHORITY_BITS) return { fault: 'the key of the authority is too long' };
  if (!isSignedBy(authority.publicKey, signed, signature, signatures)) {
    return { fault: 'the signature of the certificate is wrong, or its algorithm is not accepted' };
  }
  const { type: authorityType, blob: authorityKey, fingerprint } = authority.publicKey;
  const certificate: Certificate = {
    serial: String(serial),
    keyId,
    principals,
    validAfter: millisecondsOf(validAfter),
    ...(validBefore === FOR_EVER || validBefore > LAST_SECOND ? {} : { validBefore: millisecondsOf(validBefore) }),
    criticalOptions,
    extensions,
    authority: { type: authorityType, blob: authorityKey, fingerprint },
    publicKey: reading.publicKey.blob,
  };
  // Its name has been found among the types above.
  return { key: new ParsedCertifiedKey(name as CertificateType, blob, reading.publicKey, certificate) };
}

/** Twice as much as anybody has, in bits: a signature of 16,384 takes four milliseconds to verify. */
const MAX_AUTHORITY_BITS = 8192;

const malformed = (name: string): CertificateReading => ({ fault: `the ${name} certificate is malformed` });

/** A certificate that begins beyond the end of time never does. */
const millisecondsOf = (seconds: bigint): number => Number(seconds > LAST_SECOND ? LAST_SECOND : seconds) * 1000;

function isSignedBy(
  authority: PublicKey,
  signed: Buffer,
  signature: Buffer,
  signatures: readonly string[] | undefined,
): boolean {
  const reader = new WireReader(signature);
  const name = reader.ascii();
  const isAccepted = name !== WEBAUTHN && signatures?.includes(name) !== false;
  const algorithm = isAccepted ? signatureAlgorithmFor(name, authority) : undefined;
  return algorithm !== undefined && algorithm.verify(authority, signed, reader) !== false;
}

function readPrincipals(list: Buffer): readonly string[] | undefined {
  const reader = new WireReader(list);
  const principals: string[] = [];
  while (reader.remaining > 0) {
    if (principals.length === MAX_PRINCIPALS) return undefined;
    principals.push(reader.utf8());
  }
  return reader.ok ? principals : undefined;
}

/** @returns undefined if the list is malformed, names an option twice, or gives one of the known another form than its own */
function readOptions(list: Buffer): readonly CertificateOption[] | undefined {
  const reader = new WireReader(list);
  const options = new Map<string, CertificateOption>();
  while (reader.remaining > 0) {
    const name = reader.utf8();
    const data = reader.string();
    if (!reader.ok || options.has(name) || options.size === MAX_OPTIONS) return undefined;
    const inner = new WireReader(data);
    const text = inner.utf8();
    if (WITH_TEXT.has(name) && !inner.complete) return undefined;
    if (NAME_ALONE.has(name) && data.length > 0) return undefined;
    options.set(name, { name, value: inner.complete ? text : decodeUtf8(data) });
  }
  return reader.ok ? [...options.values()] : undefined;
}

class ParsedCertifiedKey implements CertifiedKey {
  readonly type: CertificateType;
  readonly blob: Buffer;
  readonly publicKey: PublicKey;
  readonly certificate: Certificate;
  readonly application?: string;

  constructor(type: CertificateType, blob: Buffer, publicKey: PublicKey, certificate: Certificate) {
    this.type = type;
    this.blob = blob;
    this.publicKey = publicKey;
    this.certificate = certificate;
    if (publicKey.application !== undefined) this.application = publicKey.application;
  }

  get bits(): number {
    return this.publicKey.bits;
  }

  get fingerprint(): string {
    return this.publicKey.fingerprint;
  }

  get keyObject(): KeyObject {
    return this.publicKey.keyObject;
  }
}
