import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';

import fc from 'fast-check';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';

import { parsePublicKey, type PublicKey } from '../../../src/protocol/authentication/public-key.js';
import {
  signatureAlgorithmFor,
  signatureAlgorithmNames,
  signatureAlgorithms,
} from '../../../src/protocol/authentication/signature-algorithms.js';
import { verifyUserAuthSignature, type UserAuthSignature } from '../../../src/protocol/authentication/signature.js';
import { generateHostKey } from '../../../src/transport/host-keys/generate-host-key.js';
import type { HostKeyType } from '../../../src/transport/host-keys/host-key-type.js';
import { WireReader } from '../../../src/transport/wire/wire-reader.js';
import { WireWriter } from '../../../src/transport/wire/wire-writer.js';

// What the ssh2 client does to a signature before it sends it; the package has no types for it.
const { convertSignature } = createRequire(import.meta.url)('ssh2/lib/protocol/utils.js') as {
  convertSignature(signature: Buffer, keyType: string): Buffer;
};

/** A user's key in the hands of the ssh2 client. */
interface Signer {
  readonly key: PublicKey;
  sign(data: Buffer, hash: string | undefined): Buffer;
}

async function makeSigner(type: HostKeyType): Promise<Signer> {
  const { privateKeyText } = await generateHostKey(type);
  const parsed = ssh2.utils.parseKey(privateKeyText);
  if (parsed instanceof Error) throw parsed;
  const key = parsePublicKey(parsed.getPublicSSH());
  if (key === undefined) throw new Error('the key cannot be parsed');
  return { key, sign: (data, hash) => convertSignature(parsed.sign(data, hash), type) };
}

const signers = {
  'ssh-ed25519': await makeSigner('ssh-ed25519'),
  'ecdsa-sha2-nistp256': await makeSigner('ecdsa-sha2-nistp256'),
  'ecdsa-sha2-nistp384': await makeSigner('ecdsa-sha2-nistp384'),
  'ecdsa-sha2-nistp521': await makeSigner('ecdsa-sha2-nistp521'),
  'ssh-rsa': await makeSigner('ssh-rsa'),
};

const algorithms = [
  ['ssh-ed25519', 'ssh-ed25519', undefined],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', undefined],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384', undefined],
  ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521', undefined],
  ['rsa-sha2-512', 'ssh-rsa', 'sha512'],
  ['rsa-sha2-256', 'ssh-rsa', 'sha256'],
] as const;

const sessionId = Buffer.alloc(32, 7);

const string = (bytes: Uint8Array | string): Buffer => {
  const body = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};

/** RFC 4252 section 7, written out so that it does not depend on the code under test. */
const toBeSigned = (algorithm: string, blob: Buffer, user: string | Uint8Array = 'ann'): Buffer =>
  Buffer.concat([
    string(sessionId),
    Buffer.of(50),
    string(user),
    string('ssh-connection'),
    string('publickey'),
    Buffer.of(1),
    string(algorithm),
    string(blob),
  ]);

const wrap = (algorithm: string, signature: Uint8Array): Buffer =>
  Buffer.concat([string(algorithm), string(signature)]);

/** A request with a good signature. */
function request(algorithm: string, type: HostKeyType, hash?: string): UserAuthSignature {
  const { key, sign } = signers[type];
  return {
    sessionId,
    user: 'ann',
    service: 'ssh-connection',
    algorithm,
    blob: key.blob,
    publicKey: key,
    signature: wrap(algorithm, sign(toBeSigned(algorithm, key.blob), hash)),
  };
}

const requests = algorithms.map(([algorithm, type, hash]) => ({
  algorithm,
  type,
  good: request(algorithm, type, hash),
}));

describe.each(requests)('a request signed with $algorithm', ({ algorithm, type, good }) => {
  it('is accepted', () => {
    expect(verifyUserAuthSignature(good)).toBe(true);
  });

  it('is refused for another session, user, service or key', async () => {
    const other = await makeSigner(type);

    expect(verifyUserAuthSignature({ ...good, sessionId: Buffer.alloc(32, 8) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, sessionId: Buffer.alloc(0) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, user: 'root' })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, user: '' })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, service: 'ssh-userauth' })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, publicKey: other.key, blob: other.key.blob })).toBe(false);
  });

  it('is refused if policies would see another key than the one that signed', async () => {
    const other = await makeSigner(type);

    expect(verifyUserAuthSignature({ ...good, publicKey: other.key })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, blob: other.key.blob })).toBe(false);

    // The attacker's key signs the victim's blob: good in itself, and the wrong key for whoever looks at the blob.
    const [, , hash] = algorithms.find(([name]) => name === algorithm) ?? [];
    const crossed = wrap(algorithm, other.sign(toBeSigned(algorithm, good.publicKey.blob), hash));
    expect(verifyUserAuthSignature({ ...good, publicKey: other.key, signature: crossed })).toBe(false);
  });

  it('is refused under every other name, in the request, in the signature or in both', () => {
    const raw = rawOf(good.signature);
    const names = [
      ...signatureAlgorithmNames,
      'ssh-rsa',
      'ssh-dss',
      'none',
      '',
      `${algorithm}\0`,
      algorithm.toUpperCase(),
    ];

    for (const name of names.filter((it) => it !== algorithm)) {
      expect(verifyUserAuthSignature({ ...good, algorithm: name })).toBe(false);
      expect(verifyUserAuthSignature({ ...good, signature: wrap(name, raw) })).toBe(false);
      expect(verifyUserAuthSignature({ ...good, algorithm: name, signature: wrap(name, raw) })).toBe(false);
    }
  });

  it('is refused without its wrapping', () => {
    expect(verifyUserAuthSignature({ ...good, signature: rawOf(good.signature) })).toBe(false);
  });

  it('is refused when the signature is cut or extended', () => {
    const { signature } = good;
    const raw = rawOf(signature);

    for (let length = 0; length < signature.length; length += 1) {
      expect(verifyUserAuthSignature({ ...good, signature: signature.subarray(0, length) })).toBe(false);
    }
    expect(verifyUserAuthSignature({ ...good, signature: Buffer.concat([signature, Buffer.of(0)]) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, signature: wrap(algorithm, Buffer.concat([raw, Buffer.of(0)])) })).toBe(
      false,
    );
    expect(verifyUserAuthSignature({ ...good, signature: wrap(algorithm, raw.subarray(0, -1)) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, signature: wrap(algorithm, Buffer.alloc(0)) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, signature: wrap(algorithm, Buffer.alloc(raw.length)) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, signature: wrap(algorithm, Buffer.alloc(200_000, 255)) })).toBe(false);
  });

  it('is refused when a bit of the signature flips', () => {
    const { signature } = good;
    fc.assert(
      fc.property(fc.nat(signature.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(signature);
        const at = Math.floor(bit / 8);
        flipped[at] = flipped.readUInt8(at) ^ (1 << (bit % 8));

        expect(verifyUserAuthSignature({ ...good, signature: flipped })).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('signatures of any bytes are refused without a throw', () => {
    const inner = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 });
    fc.assert(
      fc.property(inner, fc.uint8Array({ maxLength: 8 }), (strings, tail) => {
        const body = Buffer.concat([...strings.map(string), tail]);

        expect(verifyUserAuthSignature({ ...good, signature: body })).toBe(false);
        expect(verifyUserAuthSignature({ ...good, signature: wrap(algorithm, body) })).toBe(false);
        expect(verifyUserAuthSignature({ ...good, signature: Buffer.concat([string(algorithm), body]) })).toBe(false);
      }),
    );
  });
});

/** The signature without the name and length before it. */
function rawOf(signature: Uint8Array): Buffer {
  const reader = new WireReader(signature);
  reader.ascii();
  return Buffer.from(reader.string());
}

describe('verifyUserAuthSignature', () => {
  it('any request is answered without a throw', () => {
    const { publicKey } = request('ssh-ed25519', 'ssh-ed25519');
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.uint8Array(), text, text, text, fc.uint8Array(), (id, user, service, algorithm, signature) => {
        const hostile = { sessionId: id, user, service, algorithm, blob: publicKey.blob, publicKey, signature };

        expect(verifyUserAuthSignature(hostile)).toBe(false);
        expect(verifyUserAuthSignature({ ...hostile, algorithm: 'ssh-ed25519', user: '\udc80\ud800' })).toBe(false);
      }),
    );
  });

  it('a user name that is not UTF-8 is verified byte by byte', () => {
    const { key, sign } = signers['ssh-ed25519'];
    const bytes = Buffer.of(0x6a, 0xfc, 0x72);
    const good = {
      ...request('ssh-ed25519', 'ssh-ed25519'),
      user: new WireReader(string(bytes)).utf8(),
      signature: wrap('ssh-ed25519', sign(toBeSigned('ssh-ed25519', key.blob, bytes), undefined)),
    };

    expect(verifyUserAuthSignature(good)).toBe(true);
    expect(verifyUserAuthSignature({ ...good, user: 'jür' })).toBe(false);
  });

  it('an RSA key cannot sign with SHA-1', () => {
    const { key, sign } = signers['ssh-rsa'];
    const signature = wrap('ssh-rsa', sign(toBeSigned('ssh-rsa', key.blob), 'sha1'));

    expect(
      verifyUserAuthSignature({ ...request('rsa-sha2-256', 'ssh-rsa', 'sha256'), algorithm: 'ssh-rsa', signature }),
    ).toBe(false);
  });

  it('an RSA signature under the other hash is refused', () => {
    const { key, sign } = signers['ssh-rsa'];
    const signature = wrap('rsa-sha2-512', sign(toBeSigned('rsa-sha2-512', key.blob), 'sha256'));

    expect(verifyUserAuthSignature({ ...request('rsa-sha2-512', 'ssh-rsa', 'sha512'), signature })).toBe(false);
  });

  it('an RSA signature without its leading zero is accepted, as OpenSSH does', () => {
    const { key, sign } = signers['ssh-rsa'];
    const good = request('rsa-sha2-256', 'ssh-rsa', 'sha256');
    // One signature in 256 begins with a zero; the user name is what varies.
    for (let attempt = 0; ; attempt += 1) {
      const user = `user-${String(attempt)}`;
      const raw = sign(toBeSigned('rsa-sha2-256', key.blob, user), 'sha256');
      if (raw[0] !== 0) continue;

      expect(verifyUserAuthSignature({ ...good, user, signature: wrap('rsa-sha2-256', raw.subarray(1)) })).toBe(true);
      expect(
        verifyUserAuthSignature({
          ...good,
          user,
          signature: wrap('rsa-sha2-256', Buffer.concat([Buffer.of(0), raw])),
        }),
      ).toBe(false);
      return;
    }
  }, 60_000);

  it('ECDSA integers may have spare zeros but not a sign', () => {
    const good = request('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256');
    const reader = new WireReader(rawOf(good.signature));
    const r = reader.magnitude();
    const s = reader.magnitude();
    const signed = (first: Uint8Array, second: Uint8Array): Buffer =>
      wrap('ecdsa-sha2-nistp256', Buffer.concat([string(first), string(second)]));
    const zero = Buffer.of(0);
    const negative = Buffer.concat([Buffer.of(0x80), r]);

    expect(
      verifyUserAuthSignature({ ...good, signature: signed(Buffer.concat([zero, r]), Buffer.concat([zero, s])) }),
    ).toBe(true);
    expect(verifyUserAuthSignature({ ...good, signature: signed(negative, s) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, signature: signed(zero, zero) })).toBe(false);
    expect(verifyUserAuthSignature({ ...good, signature: signed(randomBytes(2049), s) })).toBe(false);
  });
});

describe('known answers', () => {
  const row = (name: string): (typeof signatureAlgorithms)[number] => {
    const found = signatureAlgorithms.find((it) => it.name === name);
    if (found === undefined) throw new Error(`${name} is missing`);
    return found;
  };
  const keyOf = (blob: Buffer): PublicKey => {
    const key = parsePublicKey(blob);
    if (key === undefined) throw new Error('the key cannot be parsed');
    return key;
  };
  const hex = (text: string): Buffer => Buffer.from(text, 'hex');

  it.each([
    [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('Ed25519, RFC 8032 section 7.1: key %s', (point, message, signature) => {
    const key = keyOf(new WireWriter().ascii('ssh-ed25519').string(hex(point)).finish());
    const { verify } = row('ssh-ed25519');

    expect(verify(key, hex(message), new WireReader(string(hex(signature))))).toBe(true);
    expect(verify(key, Buffer.concat([hex(message), Buffer.of(0)]), new WireReader(string(hex(signature))))).toBe(
      false,
    );
  });

  it('ECDSA, RFC 6979 section A.2.5, P-256 with SHA-256', () => {
    const x = '60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6';
    const y = '7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299';
    const r = 'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716';
    const s = 'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8';
    const name = 'ecdsa-sha2-nistp256';
    const key = keyOf(
      new WireWriter()
        .ascii(name)
        .ascii('nistp256')
        .string(hex(`04${x}${y}`))
        .finish(),
    );
    const signature = string(new WireWriter().magnitude(hex(r)).magnitude(hex(s)).finish());

    expect(row(name).verify(key, Buffer.from('sample'), new WireReader(signature))).toBe(true);
    expect(row(name).verify(key, Buffer.from('simple'), new WireReader(signature))).toBe(false);
  });
});

describe('the table of algorithms', () => {
  it('lists what server-sig-algs announces, without SHA-1', () => {
    expect(signatureAlgorithmNames).toEqual([
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
      'sk-ssh-ed25519@openssh.com',
      'sk-ecdsa-sha2-nistp256@openssh.com',
      'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
    ]);
  });

  it('finds an algorithm for its own key type only', () => {
    for (const [name, type] of algorithms) {
      for (const {
        key: { type: other },
      } of Object.values(signers)) {
        expect(signatureAlgorithmFor(name, { type: other })?.name).toBe(other === type ? name : undefined);
      }
    }
    expect(signatureAlgorithmFor('ssh-rsa', { type: 'ssh-rsa' })).toBeUndefined();
  });
});
