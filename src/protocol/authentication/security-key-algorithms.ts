import { createHash, verify } from 'node:crypto';

import { encodeUtf8 } from '../../transport/wire/utf8.js';
import type { WireReader } from '../../transport/wire/wire-reader.js';
import { WireWriter } from '../../transport/wire/wire-writer.js';
import { readEcdsaPair, verifyEcdsaPair } from './ecdsa-pair.js';
import type { PublicKey } from './public-key.js';
import type { SecurityKeyUse } from './security-key-use.js';
import type { SignatureAlgorithm } from './signature-algorithm.js';

/** OpenSSH PROTOCOL.u2f: the signature as of the key inside, flags, counter. */
const skEd25519: SignatureAlgorithm = {
  name: 'sk-ssh-ed25519@openssh.com',
  keyType: 'sk-ssh-ed25519@openssh.com',
  verify: (key, signed, reader) => {
    const signature = reader.string();
    const use = readUse(reader);
    if (!reader.complete || signature.length !== 64) return false;
    const data = authenticatorData(key, use, NO_EXTENSIONS, signed);
    return verify(null, data, key.keyObject, signature) && useOf(use);
  },
};

/** Likewise. */
const skEcdsa: SignatureAlgorithm = {
  name: 'sk-ecdsa-sha2-nistp256@openssh.com',
  keyType: 'sk-ecdsa-sha2-nistp256@openssh.com',
  verify: (key, signed, reader) => {
    const pair = readEcdsaPair(reader, key.bits);
    const use = readUse(reader);
    if (!reader.complete || pair === undefined) return false;
    return verifyEcdsaPair(key, 'sha256', authenticatorData(key, use, NO_EXTENSIONS, signed), pair) && useOf(use);
  },
};

/**
 * What a browser makes of a security key (OpenSSH PROTOCOL.u2f; W3C WebAuthn section 5.8.1): what the client signs stands as
 * `challenge` in a JSON text, and the security key signs that text.
 *
 * JSON has many ways to write one thing, so nothing is parsed: browsers begin the text in one way, which is compared.
 */
const webauthn: SignatureAlgorithm = {
  name: 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
  keyType: 'sk-ecdsa-sha2-nistp256@openssh.com',
  verify: (key, signed, reader) => {
    const pair = readEcdsaPair(reader, key.bits);
    const use = readUse(reader);
    const origin = reader.utf8();
    const clientData = reader.string();
    const extensions = reader.string();
    if (!reader.complete || pair === undefined || origin.includes('"')) return false;
    // Data of an enrolment has no place in a signature, and extensions are there if the flags say so.
    const hasExtensions = (use.flags & EXTENSION_DATA) !== 0;
    if ((use.flags & ATTESTED_DATA) !== 0 || hasExtensions !== extensions.length > 0) return false;

    const challenge = signed.toString('base64url');
    const beginning = encodeUtf8(`{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}"`);
    if (!clientData.subarray(0, beginning.length).equals(beginning)) return false;
    return verifyEcdsaPair(key, 'sha256', authenticatorData(key, use, extensions, clientData), pair) && useOf(use);
  },
};

/** How security keys sign (OpenSSH PROTOCOL.u2f), most wanted first. */
export const securityKeyAlgorithms: readonly SignatureAlgorithm[] = [skEd25519, skEcdsa, webauthn];

/** What a security key has put before and behind the signature. */
interface RawUse {
  readonly flags: number;
  readonly counter: number;
}

// W3C WebAuthn section 6.1.
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const ATTESTED_DATA = 0x40;
const EXTENSION_DATA = 0x80;

const NO_EXTENSIONS = Buffer.alloc(0);

const readUse = (reader: WireReader): RawUse => ({ flags: reader.byte(), counter: reader.uint32() });

const useOf = ({ flags, counter }: RawUse): SecurityKeyUse => ({
  touched: (flags & USER_PRESENT) !== 0,
  userVerified: (flags & USER_VERIFIED) !== 0,
  counter,
});

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();

/** What the security key signs. */
const authenticatorData = (
  { application = '' }: PublicKey,
  { flags, counter }: RawUse,
  extensions: Buffer,
  message: Buffer,
): Buffer =>
  new WireWriter()
    .bytes(sha256(encodeUtf8(application)))
    .byte(flags)
    .uint32(counter)
    .bytes(extensions)
    .bytes(sha256(message))
    .finish();
