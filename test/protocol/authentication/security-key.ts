import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { WireWriter } from '../../../src/transport/wire/wire-writer.js';

/** How a security key signs. */
export interface SigningMoment {
  /** W3C WebAuthn section 6.1. Default: present, not verified. */
  readonly flags?: number;
  readonly counter?: number;
}

/** What a browser adds. */
export interface BrowserMoment extends SigningMoment {
  readonly origin?: string;
  /** Default: as browsers write it. */
  readonly clientData?: Buffer;
  readonly extensions?: Buffer;
}

/** A security key made of software (OpenSSH PROTOCOL.u2f), written out so that it does not depend on the code under test. */
export interface SecurityKey {
  readonly type: 'sk-ssh-ed25519@openssh.com' | 'sk-ecdsa-sha2-nistp256@openssh.com';
  readonly blob: Buffer;
  readonly sign: (data: Buffer, moment?: SigningMoment) => Buffer;
}

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const toBeSigned = (application: string, flags: number, counter: number, extensions: Buffer, message: Buffer): Buffer =>
  Buffer.concat([sha256(Buffer.from(application)), Buffer.of(flags), uint32(counter), extensions, sha256(message)]);

/** An ECDSA signature as RFC 5656 section 3.1.2 has it. */
function ecdsaSignature(data: Buffer, privateKey: KeyObject): Buffer {
  const pair = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return new WireWriter().magnitude(pair.subarray(0, 32)).magnitude(pair.subarray(32)).finish();
}

export function makeSkEd25519(application = 'ssh:'): SecurityKey {
  const type = 'sk-ssh-ed25519@openssh.com';
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return {
    type,
    blob: new WireWriter().ascii(type).string(point).utf8(application).finish(),
    sign: (data, { flags = 1, counter = 7 } = {}) =>
      new WireWriter()
        .ascii(type)
        .string(sign(null, toBeSigned(application, flags, counter, Buffer.alloc(0), data), privateKey))
        .byte(flags)
        .uint32(counter)
        .finish(),
  };
}

/** One that signs for browsers as well. */
export interface EcdsaSecurityKey extends SecurityKey {
  readonly signInBrowser: (data: Buffer, moment?: BrowserMoment) => Buffer;
}

export function makeSkEcdsa(application = 'ssh:'): EcdsaSecurityKey {
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  return {
    type,
    blob: new WireWriter().ascii(type).ascii('nistp256').string(point).utf8(application).finish(),
    sign: (data, { flags = 1, counter = 7 } = {}) =>
      new WireWriter()
        .ascii(type)
        .string(ecdsaSignature(toBeSigned(application, flags, counter, Buffer.alloc(0), data), privateKey))
        .byte(flags)
        .uint32(counter)
        .finish(),
    signInBrowser: (data, moment = {}) => {
      const { flags = 1, counter = 7, origin = 'https://example.com', extensions = Buffer.alloc(0) } = moment;
      const challenge = data.toString('base64url');
      const clientData =
        moment.clientData ??
        Buffer.from(`{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}","crossOrigin":false}`);
      return new WireWriter()
        .ascii('webauthn-sk-ecdsa-sha2-nistp256@openssh.com')
        .string(ecdsaSignature(toBeSigned(application, flags, counter, extensions, clientData), privateKey))
        .byte(flags)
        .uint32(counter)
        .utf8(origin)
        .string(clientData)
        .string(extensions)
        .finish();
    },
  };
}
