import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parsePublicKey, readPublicKey, sameKey } from '../../../src/protocol/authentication/public-key.js';
import { WireWriter } from '../../../src/transport/wire/wire-writer.js';
import { KeyFolder, kinds, openssh } from '../../transport/host-keys/ssh-keygen.js';

const faultOf = (blob: Uint8Array): string | undefined => {
  const reading = readPublicKey(blob);
  expect('publicKey' in reading).toBe(parsePublicKey(blob) !== undefined);
  return 'fault' in reading ? reading.fault : undefined;
};

/** An odd number of exactly `bits` bits. */
function modulus(bits: number): Buffer {
  const bytes = randomBytes(Math.ceil(bits / 8));
  const top = (bits - 1) % 8;
  bytes[0] = (bytes.readUInt8(0) & ((1 << top) - 1)) | (1 << top);
  bytes[bytes.length - 1] = bytes.readUInt8(bytes.length - 1) | 1;
  return bytes;
}

const F4 = Buffer.of(1, 0, 1);
const rsaBlob = (n: Uint8Array, e: Uint8Array = F4): Buffer =>
  new WireWriter().ascii('ssh-rsa').magnitude(e).magnitude(n).finish();
const ed25519Blob = (point: Uint8Array): Buffer => new WireWriter().ascii('ssh-ed25519').string(point).finish();
const ecdsaBlob = (curve: string, point: Uint8Array, type = `ecdsa-sha2-${curve}`): Buffer =>
  new WireWriter().ascii(type).ascii(curve).string(point).finish();

const curves = [
  { curve: 'nistp256', name: 'P-256', bytes: 32 },
  { curve: 'nistp384', name: 'P-384', bytes: 48 },
  { curve: 'nistp521', name: 'P-521', bytes: 66 },
] as const;

function pointOn(name: string): Buffer {
  const jwk = generateKeyPairSync('ec', { namedCurve: name }).publicKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(4), Buffer.from(jwk.x ?? '', 'base64url'), Buffer.from(jwk.y ?? '', 'base64url')]);
}

describe.skipIf(openssh.missing.length > 0)(openssh.title('keys of ssh-keygen'), () => {
  it.each(kinds)('a $type key is parsed', async ({ type, options, bits }) => {
    await using folder = await KeyFolder.make();
    const path = await folder.keygen('key', ...options);
    const blob = await folder.blob(path);

    const key = parsePublicKey(blob);

    expect(key).toMatchObject({ type, bits, blob });
    expect(key?.fingerprint).toBe(await folder.fingerprint(path));
    expect(key?.keyObject.type).toBe('public');
    expect(key?.keyObject).toBe(key?.keyObject);
  });

  it('a DSA key is not supported, and no bytes but the shortest form of a key are', async () => {
    await using folder = await KeyFolder.make();
    const path = await folder.keygen('key', '-t', 'rsa', '-b', '2048');
    const blob = await folder.blob(path);

    expect(faultOf(blob)).toBeUndefined();
    expect(faultOf(Buffer.concat([blob, Buffer.of(0)]))).toBe('the ssh-rsa key is malformed');
    expect(faultOf(blob.subarray(0, -1))).toBe('the ssh-rsa key is malformed');
    expect(faultOf(new WireWriter().ascii('ssh-dss').string(blob).finish())).toBe(
      'keys of type ssh-dss are not supported',
    );
  });
});

describe('Ed25519 (RFC 8709)', () => {
  it('a point has 32 bytes', () => {
    expect(faultOf(ed25519Blob(randomBytes(32)))).toBeUndefined();
    expect(faultOf(ed25519Blob(randomBytes(31)))).toContain('malformed');
    expect(faultOf(ed25519Blob(randomBytes(33)))).toContain('malformed');
  });

  it('RFC 8032 section 7.1 TEST 1: the key is imported as it is', () => {
    const point = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');

    expect(parsePublicKey(ed25519Blob(point))?.keyObject.export({ format: 'jwk' }).x).toBe(point.toString('base64url'));
  });
});

describe('ECDSA (RFC 5656)', () => {
  it.each(curves)('a point on $curve is imported as it is', ({ curve, name, bytes }) => {
    const point = pointOn(name);

    const jwk = parsePublicKey(ecdsaBlob(curve, point))?.keyObject.export({ format: 'jwk' });

    expect(jwk).toMatchObject({
      crv: name,
      x: point.toString('base64url', 1, 1 + bytes),
      y: point.toString('base64url', 1 + bytes),
    });
  });

  it.each(curves)('a point off $curve is refused', ({ curve, name, bytes }) => {
    const point = pointOn(name);
    const off = Buffer.from(point);
    off[bytes] = off.readUInt8(bytes) ^ 1;

    expect(faultOf(ecdsaBlob(curve, off))).toBe(`the point is not on the curve ${curve}`);
    expect(faultOf(ecdsaBlob(curve, Buffer.concat([Buffer.of(4), Buffer.alloc(2 * bytes)])))).toContain('not on');
    expect(faultOf(ecdsaBlob(curve, Buffer.concat([Buffer.of(4), Buffer.alloc(2 * bytes, 255)])))).toContain('not on');
  });

  it.each(curves)('compressed, hybrid and short points on $curve and infinity are malformed', (row) => {
    const point = pointOn(row.name);
    const parity = point.readUInt8(point.length - 1) & 1;
    const forms = [
      Buffer.concat([Buffer.of(2 + parity), point.subarray(1, 1 + row.bytes)]),
      Buffer.concat([Buffer.of(6 + parity), point.subarray(1)]),
      point.subarray(0, -1),
      Buffer.of(0),
      Buffer.alloc(0),
    ];

    for (const form of forms) expect(faultOf(ecdsaBlob(row.curve, form))).toContain('malformed');
  });

  it('the curve name must repeat the type', () => {
    expect(faultOf(ecdsaBlob('nistp384', pointOn('P-256'), 'ecdsa-sha2-nistp256'))).toContain('malformed');
  });
});

describe('RSA (RFC 4253)', () => {
  it.each([2048, 2049, 3072, 16_384])('a modulus of %i bits is taken', (bits) => {
    const key = parsePublicKey(rsaBlob(modulus(bits)));

    expect(key?.bits).toBe(bits);
    expect(key?.keyObject.asymmetricKeyDetails?.modulusLength).toBe(bits);
  });

  it.each([0, 1, 512, 1024, 2047, 16_385])('a modulus of %i bits is out of bounds', (bits) => {
    const n = bits === 0 ? Buffer.alloc(0) : modulus(bits);

    // Beyond 16,384 bits the integer is too long for the reader, which calls it malformed.
    expect(faultOf(rsaBlob(n))).toMatch(
      bits > 16_384 ? /bounds|malformed/ : new RegExp(`of ${String(bits)} bits is out of bounds`),
    );
  });

  it('an even modulus is refused', () => {
    const n = modulus(2048);
    n[255] = n.readUInt8(255) & 0xfe;

    expect(faultOf(rsaBlob(n))).toBe('the RSA modulus is even');
  });

  it.each([
    [[], 'even or 1'],
    [[1], 'even or 1'],
    [[2], 'even or 1'],
    [[1, 0, 0], 'even or 1'],
    [[1, 0, 0, 0, 1], 'longer than 32 bits'],
    [Array<number>(256).fill(255), 'longer than 32 bits'],
  ])('the exponent %j is refused', (exponent, message) => {
    expect(faultOf(rsaBlob(modulus(2048), Buffer.from(exponent)))).toContain(message);
  });

  it.each([[[3]], [[35]], [[1, 0, 1]], [[255, 255, 255, 255]]])('the exponent %j is taken', (exponent) => {
    expect(faultOf(rsaBlob(modulus(2048), Buffer.from(exponent)))).toBeUndefined();
  });

  it('negative and zero-padded integers are refused, so that a key has one blob', () => {
    const n = modulus(2048);
    const written = (e: Uint8Array, rest: Uint8Array): Buffer =>
      new WireWriter().ascii('ssh-rsa').string(e).string(rest).finish();

    expect(faultOf(written(F4, Buffer.concat([Buffer.of(0), n])))).toBeUndefined();
    expect(faultOf(written(F4, n))).toContain('malformed');
    expect(faultOf(written(F4, Buffer.concat([Buffer.of(0, 0), n])))).toContain('shortest');
    expect(faultOf(written(Buffer.of(0, 1, 0, 1), Buffer.concat([Buffer.of(0), n])))).toContain('shortest');
  });
});

describe('hostile blobs', () => {
  const valid = [
    ed25519Blob(randomBytes(32)),
    ...curves.map(({ curve, name }) => ecdsaBlob(curve, pointOn(name))),
    rsaBlob(modulus(2048)),
  ];

  it('any bytes are read without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof faultOf(bytes)).toBe('string');
      }),
    );
  });

  it('a valid blob cut, extended or changed in one byte is refused or is another key', () => {
    fc.assert(
      fc.property(fc.constantFrom(...valid), fc.nat(), fc.integer({ min: 1, max: 255 }), (blob, position, mask) => {
        const at = position % blob.length;
        const changed = Buffer.from(blob);
        changed[at] = changed.readUInt8(at) ^ mask;

        expect(faultOf(blob.subarray(0, at))).toBeDefined();
        expect(faultOf(Buffer.concat([blob, Buffer.of(mask)]))).toBeDefined();
        const key = parsePublicKey(changed);
        if (key !== undefined) {
          expect(sameKey(key, { blob })).toBe(false);
          expect(key.keyObject.type).toBe('public');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a large blob is refused before it is looked at', () => {
    expect(faultOf(Buffer.alloc(4097))).toBe('the key is larger than 4096 bytes');
    expect(faultOf(rsaBlob(Buffer.alloc(200_000, 255)))).toBe('the key is larger than 4096 bytes');
  });

  it('a type name is shortened in the message, and an unprintable one is not shown', () => {
    const named = (type: Uint8Array): Buffer => new WireWriter().string(type).finish();

    expect(faultOf(named(Buffer.alloc(1000, 'x')))).toBe(`keys of type ${'x'.repeat(64)} are not supported`);
    expect(faultOf(named(Buffer.from('\u001b[2J')))).toBe('the key does not name its type');
    expect(faultOf(named(Buffer.from('constructor')))).toBe('keys of type constructor are not supported');
    expect(faultOf(Buffer.alloc(0))).toBe('the key does not name its type');
  });
});

describe('a parsed key', () => {
  it('does not change with the buffer it was read from', () => {
    const point = randomBytes(32);
    const buffer = ed25519Blob(point);
    const key = parsePublicKey(buffer);
    buffer.fill(0);

    expect(key?.blob).toEqual(ed25519Blob(point));
    expect(key?.keyObject.export({ format: 'jwk' }).x).toBe(point.toString('base64url'));
  });

  it('is the same as its copy and no other', () => {
    const a = { blob: ed25519Blob(Buffer.alloc(32, 1)) };

    expect(sameKey(a, { blob: Buffer.from(a.blob) })).toBe(true);
    expect(sameKey(a, { blob: ed25519Blob(Buffer.alloc(32, 2)) })).toBe(false);
    expect(sameKey(a, { blob: a.blob.subarray(0, -1) })).toBe(false);
    expect(sameKey(a, { blob: Buffer.alloc(0) })).toBe(false);
  });

  it('can be logged', () => {
    const key = parsePublicKey(ed25519Blob(Buffer.alloc(32, 1)));

    expect(inspect(key)).toContain('ssh-ed25519');
    expect(JSON.stringify(key)).toContain('"bits":256');
  });
});
