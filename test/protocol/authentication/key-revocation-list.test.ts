import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RevocableKey } from '../../../src/protocol/authentication/key-revocation-list.js';
import { readKeyRevocationList } from '../../../src/protocol/authentication/read-key-revocation-list.js';
import { fingerprintOf } from '../../../src/transport/host-keys/fingerprint.js';
import { WireWriter } from '../../../src/transport/wire/wire-writer.js';
import { makeCertificate, makeWireKey } from '../../support/certificates.js';
import { KeyFolder, openssh } from '../../transport/host-keys/ssh-keygen.js';

const run = promisify(execFile);

const key = makeWireKey();
const other = makeWireKey();
const authority = makeWireKey();
const stranger = makeWireKey();

const certified = (serial: bigint, keyId = 'id', by = authority, publicKey = key.blob): RevocableKey => ({
  publicKey,
  certificate: { serial: String(serial), keyId, authority: { blob: by.blob } },
});

const listOf = (content: string | Uint8Array) => {
  const reading = readKeyRevocationList(content);
  if ('fault' in reading) throw new Error(reading.fault);
  return reading.list;
};
const faultOf = (content: string | Uint8Array): string | undefined => {
  const reading = readKeyRevocationList(content);
  return 'fault' in reading ? reading.fault : undefined;
};

type Section = readonly [type: number, content: Buffer];

/** A list of OpenSSH PROTOCOL.krl, written out so that it does not depend on the code under test. */
function krl(...sections: readonly Section[]): Buffer {
  const writer = new WireWriter()
    .bytes(Buffer.from('SSHKRL\n\0', 'latin1'))
    .uint32(1)
    .uint64(7n)
    .uint64(1_700_000_000n)
    .uint64(0n)
    .string(Buffer.alloc(0))
    .utf8('a comment');
  for (const [type, content] of sections) writer.byte(type).string(content);
  return writer.finish();
}

const strings = (...items: readonly Uint8Array[]): Buffer => {
  const writer = new WireWriter();
  for (const item of items) writer.string(item);
  return writer.finish();
};
const numbers = (...items: readonly bigint[]): Buffer => {
  const writer = new WireWriter();
  for (const item of items) writer.uint64(item);
  return writer.finish();
};
const certificates = (by: Buffer, ...sections: readonly Section[]): Section => {
  const writer = new WireWriter().string(by).string(Buffer.alloc(0));
  for (const [type, content] of sections) writer.byte(type).string(content);
  return [1, writer.finish()];
};
const extension = (name: string, critical: boolean): Buffer =>
  new WireWriter().utf8(name).boolean(critical).string(Buffer.from('x')).finish();

describe.skipIf(openssh.missing.length > 0)(openssh.title('lists of ssh-keygen'), () => {
  /** Has ssh-keygen make a list of `specification`, and says of each certificate and key whether it revokes it. */
  async function made(folder: KeyFolder, specification: string): Promise<Buffer> {
    const spec = folder.file('spec');
    const list = folder.file('list');
    await writeFile(spec, specification);
    await run(openssh.path('ssh-keygen'), ['-q', '-k', '-f', list, '-s', folder.file('ca.pub'), spec]);
    return readFile(list);
  }

  it('a list revokes what ssh-keygen says it revokes', async () => {
    await using folder = await KeyFolder.make();
    const ca = await folder.keygen('ca', '-t', 'ed25519');
    const blob = await folder.blob(ca);
    const revoked = await folder.keygen('revoked', '-t', 'ecdsa', '-b', '256');
    const hashed = await folder.keygen('hashed', '-t', 'ed25519');
    const sha1 = await folder.keygen('sha1', '-t', 'ed25519');
    const content = await made(
      folder,
      [
        ...['serial: 5', 'serial: 100-200', 'serial: 9000', 'serial: 9002', 'serial: 9003', 'serial: 9007'],
        ...['serial: 18446744073709551615', 'id: ann of desk 7'],
        `key: ${(await readFile(`${revoked}.pub`, 'utf8')).trim()}`,
        `sha256: ${(await readFile(`${hashed}.pub`, 'utf8')).trim()}`,
        `sha1: ${(await readFile(`${sha1}.pub`, 'utf8')).trim()}`,
        '',
      ].join('\n'),
    );
    const list = listOf(content);
    const by = { ...authority, blob };

    const serials = [5n, 100n, 150n, 200n, 9000n, 9002n, 9003n, 9007n, 2n ** 64n - 1n];
    for (const serial of serials) expect([serial, list.revokes(certified(serial, 'id', by))]).toEqual([serial, true]);
    for (const serial of [0n, 4n, 6n, 99n, 201n, 8999n, 9001n, 9004n, 9008n, 2n ** 64n - 2n]) {
      expect([serial, list.revokes(certified(serial, 'id', by))]).toEqual([serial, false]);
    }
    expect(list.revokes(certified(1n, 'ann of desk 7', by))).toBe(true);
    expect(list.revokes(certified(5n, 'ann of desk 7', stranger))).toBe(false);
    for (const path of [revoked, hashed, sha1]) {
      const publicKey = await folder.blob(path);
      expect(list.revokes({ publicKey })).toBe(true);
      expect(list.revokes(certified(1n, 'id', stranger, publicKey))).toBe(true);
    }
    expect(list.revokes({ publicKey: blob })).toBe(false);
  });

  it('many numbers, in whatever form ssh-keygen puts them, are those that were given', async () => {
    await using folder = await KeyFolder.make();
    const ca = await folder.keygen('ca', '-t', 'ed25519');
    const by = { ...authority, blob: await folder.blob(ca) };
    // Dense here, sparse there, so that lists, ranges and bitmaps all come about.
    const serials = new Set<number>();
    for (let serial = 1; serial < 400; serial += 1) if (serial % 3 !== 0) serials.add(serial);
    for (let serial = 1000; serial < 1100; serial += 1) serials.add(serial);
    for (let serial = 5000; serial < 900_000; serial += 10_007) serials.add(serial);
    const list = listOf(await made(folder, [...serials].map((serial) => `serial: ${String(serial)}\n`).join('')));

    for (let serial = 1; serial < 1200; serial += 1) {
      expect([serial, list.revokes(certified(BigInt(serial), 'id', by))]).toEqual([serial, serials.has(serial)]);
    }
    for (const serial of serials) expect(list.revokes(certified(BigInt(serial), 'id', by))).toBe(true);
  });
});

describe('a list', () => {
  it('revokes the certificates of a revoked authority, and the key in any certificate', () => {
    const list = listOf(krl([2, strings(authority.blob)]));
    expect(list.revokes(certified(0n))).toBe(true);
    expect(list.revokes(certified(1n, 'id', stranger))).toBe(false);
    expect(list.revokes({ publicKey: authority.blob })).toBe(true);
    expect(listOf(krl([2, strings(other.blob, key.blob)])).revokes(certified(0n))).toBe(true);
  });

  it.each(['sha1', 'sha256'] as const)('knows keys and authorities by their %s digest', (algorithm) => {
    const digest = (blob: Buffer): Buffer => createHash(algorithm).update(blob).digest();
    const section = algorithm === 'sha1' ? 3 : 5;
    const list = listOf(krl([section, strings(digest(key.blob), digest(authority.blob))]));
    expect(list.revokes({ publicKey: key.blob })).toBe(true);
    expect(list.revokes({ publicKey: other.blob })).toBe(false);
    expect(list.revokes(certified(1n, 'id', authority, other.blob))).toBe(true);
    expect(faultOf(krl([section, strings(digest(key.blob).subarray(1))]))).toContain('malformed');
  });

  it('speaks of one authority, or of all of them', () => {
    const one = listOf(krl(certificates(authority.blob, [0x20, numbers(5n)])));
    const all = listOf(krl(certificates(Buffer.alloc(0), [0x20, numbers(5n)], [0x23, strings(Buffer.from('id'))])));
    expect(one.revokes(certified(5n))).toBe(true);
    expect(one.revokes(certified(5n, 'id', stranger))).toBe(false);
    expect(all.revokes(certified(5n, 'x', stranger))).toBe(true);
    expect(all.revokes(certified(0n, 'id', stranger))).toBe(true);
  });

  it('revokes no certificate for the number 0', () => {
    expect(listOf(krl(certificates(authority.blob, [0x21, numbers(0n, 9n)]))).revokes(certified(0n))).toBe(false);
    expect(listOf(krl(certificates(authority.blob, [0x21, numbers(0n, 9n)]))).revokes(certified(9n))).toBe(true);
  });

  it('finds in a bitmap the numbers whose bits are set, and no others', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 63n), fc.uniqueArray(fc.nat(200), { minLength: 1 }), (offset, indices) => {
        const bits = indices.reduce((sum, index) => sum | (1n << BigInt(index)), 0n);
        const content = new WireWriter().uint64(offset).mpint(bits).finish();
        const list = listOf(krl(certificates(authority.blob, [0x22, content])));
        for (let index = 0; index < 220; index += 1) {
          expect(list.revokes(certified(offset + BigInt(index)))).toBe(indices.includes(index));
        }
        expect(list.revokes(certified(offset - 1n))).toBe(false);
        expect(list.revokes(certified(2n ** 64n - 1n))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('is taken with extensions that do not matter, and refused with one that does', () => {
    expect(faultOf(krl([255, extension('bloom-explicit-key', false)]))).toBeUndefined();
    expect(faultOf(krl([255, extension('x@example.com', true)]))).toBe('the extension x@example.com is not supported');
    expect(faultOf(krl(certificates(authority.blob, [0x39, extension('y', false)])))).toBeUndefined();
    expect(faultOf(krl(certificates(authority.blob, [0x39, extension('y', true)])))).toBe(
      'the extension y is not supported',
    );
  });

  it('may be signed, which is not looked at, and nothing may stand behind the signature', () => {
    const signature = new WireWriter().byte(4).string(authority.blob).string(Buffer.from('x')).finish();
    const signed = Buffer.concat([krl([2, strings(key.blob)]), signature]);
    expect(listOf(signed).revokes({ publicKey: key.blob })).toBe(true);
    expect(faultOf(Buffer.concat([signed, signature]))).toBeUndefined();
    expect(faultOf(Buffer.concat([signed, new WireWriter().byte(2).string(strings(key.blob)).finish()]))).toBe(
      'a section stands behind the signature of the list',
    );
  });

  const notKeys: readonly (readonly [string, Buffer])[] = [
    ['any bytes', Buffer.from('stolen')],
    ['a name alone', strings(Buffer.from('ssh-ed25519'))],
    ['a name that is none', strings(Buffer.from('stolen'), Buffer.alloc(32))],
    ['an Ed25519 key of 31 bytes', strings(Buffer.from('ssh-ed25519'), Buffer.alloc(31))],
    ['a key with bytes to spare', Buffer.concat([key.blob, Buffer.from([0])])],
    ['a key that is cut', key.blob.subarray(0, -1)],
    ['a certificate', makeCertificate({ key: key.blob, authority })],
  ];

  it.each(notKeys)('is refused with %s in place of a key', (_what, blob) => {
    expect(faultOf(krl([2, strings(key.blob, blob)]))).toBe('the list is cut or malformed');
    expect(faultOf(krl(certificates(blob, [0x20, numbers(5n)])))).toBe(
      'a section of certificates names no key as their authority',
    );
  });

  it('may name keys that nobody can sign in with', () => {
    const short = new WireWriter()
      .ascii('ssh-rsa')
      .mpint(65_537n)
      .mpint(2n ** 1023n + 1n)
      .finish();
    const dss = new WireWriter().ascii('ssh-dss').mpint(5n).finish();
    for (const blob of [short, dss]) {
      expect(listOf(krl([2, strings(blob)])).revokes({ publicKey: blob })).toBe(true);
      expect(faultOf(krl(certificates(blob, [0x20, numbers(5n)])))).toBeUndefined();
    }
    expect(faultOf(krl([2, strings(Buffer.alloc(0))]))).toBe('the list is cut or malformed');
  });

  it('is refused with sections and in versions that are not known', () => {
    expect(faultOf(krl([6, Buffer.alloc(0)]))).toBe('sections of type 6 are not supported');
    expect(faultOf(krl(certificates(authority.blob, [0x24, Buffer.alloc(0)])))).toBe(
      'sections of certificates of type 36 are not supported',
    );
    const second = krl();
    second.writeUInt32BE(2, 8);
    expect(faultOf(second)).toBe('lists of format version 2 are not supported');
  });

  it('is refused wherever it is cut, unless between two sections', () => {
    const sections: readonly Section[] = [
      certificates(authority.blob, [0x20, numbers(1n, 2n)], [0x22, new WireWriter().uint64(9n).mpint(5n).finish()]),
      [2, strings(key.blob)],
      [5, strings(createHash('sha256').update('x').digest())],
    ];
    const whole = krl(...sections);
    const between = new Set(sections.map((_, index) => krl(...sections.slice(0, index)).length).concat(whole.length));
    // Shorter than its first eight bytes it is a text, and one of no keys.
    for (let length = 0; length <= whole.length; length += 1) {
      expect([length, faultOf(whole.subarray(0, length)) === undefined]).toEqual([
        length,
        length === 0 || between.has(length),
      ]);
    }
  });

  it('of any bytes is read without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(1, 2, 3, 4, 5, 255), (bytes, type) => {
        readKeyRevocationList(bytes);
        readKeyRevocationList(Buffer.concat([krl(), bytes]));
        readKeyRevocationList(krl([type, Buffer.from(bytes)]));
        readKeyRevocationList(krl(certificates(key.blob, [0x20 + (type % 4), Buffer.from(bytes)])));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a text', () => {
  const line = (blob: Buffer, type = 'ssh-ed25519'): string => `${type} ${blob.toString('base64')} comment\n`;

  it('revokes the keys and fingerprints on its lines', () => {
    const list = listOf(`\uFEFF# stolen\r\n\n${line(key.blob)}${fingerprintOf(authority.blob)} ca\n`);
    expect(list.revokes({ publicKey: key.blob })).toBe(true);
    expect(list.revokes({ publicKey: authority.blob })).toBe(true);
    expect(list.revokes(certified(0n, 'id', authority, other.blob))).toBe(true);
    expect(list.revokes({ publicKey: other.blob })).toBe(false);
    expect(listOf('').revokes({ publicKey: key.blob })).toBe(false);
  });

  it('may name keys of types that nobody can sign in with', () => {
    expect(faultOf(line(new WireWriter().ascii('ssh-dss').mpint(5n).finish(), 'ssh-dss'))).toBeUndefined();
  });

  it.each([
    ['a word', 'stolen'],
    ['a path', '/etc/ssh/revoked_keys'],
    ['a key of another type than it says', line(key.blob, 'ssh-rsa')],
    ['a key that is no base64', 'ssh-ed25519 AAAA!'],
    ['half a fingerprint', 'SHA256:AAAA'],
    ['a fingerprint of another kind', 'MD5:00:11'],
    ['options', `no-pty ${line(key.blob)}`],
    ['a certificate', line(makeCertificate({ key: key.blob, authority }), 'ssh-ed25519-cert-v01@openssh.com')],
  ])('is refused with %s', (_what, text) => {
    expect(faultOf(`${line(other.blob)}${text}`)).toBe('line 2 is neither a public key nor a fingerprint');
  });
});
