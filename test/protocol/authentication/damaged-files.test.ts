import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { revokedKeys } from '../../../src/handlers/policies/authentication/revoked-keys.js';
import { parseAuthorizedKeys } from '../../../src/protocol/authentication/authorized-keys.js';
import { readCertificate } from '../../../src/protocol/authentication/read-certificate.js';
import { readKeyRevocationList } from '../../../src/protocol/authentication/read-key-revocation-list.js';
import { readPublicKey } from '../../../src/protocol/authentication/public-key.js';
import { makeSkEcdsa, makeSkEd25519 } from './security-key.js';
import { KeyFolder, kinds, openssh } from '../../transport/host-keys/ssh-keygen.js';

const run = promisify(execFile);

/** What can happen to a file: bits flip, its end is lost, a stretch is lost, or one is there twice. */
type Damage = (content: Buffer) => Buffer;

const place = fc.nat({ max: 1_000_000 });
const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 4, arbitrary: fc.array(place, { minLength: 1, maxLength: 3 }).map(flipping) },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Damage =>
        (content) =>
          content.subarray(0, at % content.length),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(([at, length]): Damage => (content) => {
      const begin = at % content.length;
      return Buffer.concat([content.subarray(0, begin), content.subarray(begin + length)]);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(([at, length]): Damage => (content) => {
      const begin = at % content.length;
      return Buffer.concat([content.subarray(0, begin + length), content.subarray(begin)]);
    }),
  },
);

function flipping(bits: readonly number[]): Damage {
  return (content) => {
    const copy = Buffer.from(content);
    for (const bit of bits) {
      const at = bit % (copy.length * 8);
      copy.writeUInt8(copy.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
    }
    return copy;
  };
}

/** Calls `look` with damaged forms of `content`, none of which is `content` itself. */
function eachDamaged(content: Buffer, numRuns: number, look: (damaged: Buffer) => void): void {
  fc.assert(
    fc.property(damage, (harm) => {
      const damaged = harm(content);
      fc.pre(!damaged.equals(content));
      look(damaged);
    }),
    { numRuns },
  );
}

describe.skipIf(openssh.missing.length > 0)(openssh.title('damaged files of ssh-keygen'), () => {
  let folder: KeyFolder;
  const files = new Map<string, string>();
  beforeAll(async () => {
    folder = await KeyFolder.make();
    await Promise.all(kinds.map(async ({ type, options }) => files.set(type, await folder.keygen(type, ...options))));
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const fileOf = (type: string): string => {
    const file = files.get(type);
    if (file === undefined) throw new Error(`there is no key of type ${type}`);
    return file;
  };

  it.each(kinds)('a public key of type $type is refused, or is another key', async ({ type }) => {
    const blob = await folder.blob(fileOf(type));
    const original = readPublicKey(blob);
    if ('fault' in original) throw new Error(original.fault);
    eachDamaged(blob, 1000, (damaged) => {
      const reading = readPublicKey(damaged);
      if ('fault' in reading) return;
      expect(reading.publicKey.blob).toEqual(damaged);
      expect(reading.publicKey.fingerprint).not.toBe(original.publicKey.fingerprint);
    });
  });

  it.each(kinds)('a certificate by a key of type $type is refused', async ({ type }) => {
    const file = await folder.keygen(`certified by ${type}`, '-t', 'ed25519');
    await run(openssh.path('ssh-keygen'), [
      ...['-q', '-s', fileOf(type), '-I', 'id', '-n', 'ann,bob', '-z', '7', '-V', '-1h:+1h'],
      ...['-O', 'force-command=true', '-O', 'source-address=192.0.2.0/24', `${file}.pub`],
    ]);
    const [, base64 = ''] = (await readFile(`${file}-cert.pub`, 'utf8')).split(' ');
    const blob = Buffer.from(base64, 'base64');
    expect(readCertificate(blob)).toHaveProperty('key');
    eachDamaged(blob, 300, (damaged) => {
      expect(readCertificate(damaged)).toEqual({ fault: expect.any(String) as unknown });
    });
  });

  it('the lines of an authorized_keys file each give a key or a problem', async () => {
    const pubs = await Promise.all([...files.values()].map((file) => readFile(`${file}.pub`, 'utf8')));
    const options = [
      'restrict,pty,command="echo \\"a, b\\"",environment="A=b c"',
      'from="192.0.2.0/24,!192.0.2.7",expiry-time="20300101"',
      'cert-authority,principals="ann,bob"',
      'permitopen="[2001:db8::1]:22",permitlisten="8080"',
      '',
    ];
    const text = pubs.map((pub, index) => `${options[index] ?? ''} ${pub}`).join('# comment\n');
    expect(parseAuthorizedKeys(text)).toMatchObject({ entries: pubs.map(() => ({})), problems: [] });
    eachDamaged(Buffer.from(text), 1000, (damaged) => {
      const content = damaged.toString('utf8');
      const { entries, problems } = parseAuthorizedKeys(content);
      const lines = [...entries, ...problems].map(({ line }) => line);
      expect(new Set(lines).size).toBe(lines.length);
      expect(Math.max(0, ...lines)).toBeLessThanOrEqual(content.split('\n').length);
      // What a problem says may be logged: nothing of it obeys a terminal.
      for (const { message } of problems) expect(message).toMatch(/^[\x20-\x7e]*$/);
    });
  });

  it('a key revocation list is refused, or is a list', async () => {
    const ca = fileOf('ssh-ed25519');
    const specification = folder.file('specification');
    const pub = async (type: string): Promise<string> => (await readFile(`${fileOf(type)}.pub`, 'utf8')).trim();
    await writeFile(
      specification,
      [
        ...['serial: 5', 'serial: 100-200', 'serial: 9000', 'serial: 9002', 'serial: 9003', 'id: ann', 'id: bob'],
        `key: ${await pub('ssh-rsa')}`,
        `sha256: ${await pub('ecdsa-sha2-nistp256')}`,
        `sha1: ${await pub('ecdsa-sha2-nistp384')}`,
        '',
      ].join('\n'),
    );
    const file = folder.file('list');
    await run(openssh.path('ssh-keygen'), ['-q', '-k', '-f', file, '-s', `${ca}.pub`, specification]);
    const content = await readFile(file);
    const blob = await folder.blob(ca);
    const key = { publicKey: blob, certificate: { serial: '7', keyId: 'id', authority: { blob } } };
    expect(() => revokedKeys(content)).not.toThrow();
    let refused = 0;
    eachDamaged(content, 1500, (damaged) => {
      const reading = readKeyRevocationList(damaged);
      if ('list' in reading) {
        // Whatever is on it, it can be asked.
        expect([true, false]).toContain(reading.list.revokes(key));
        return;
      }
      refused += 1;
      expect(reading.fault).toMatch(/^[\x20-\x7e]+$/);
      expect(() => revokedKeys(damaged)).toThrow(expect.objectContaining({ code: 'ERR_SSH_POLICY_OPTION' }));
    });
    expect(refused).toBeGreaterThan(0);
  });
});

describe('damaged keys of security keys', () => {
  it.each([
    ['Ed25519', makeSkEd25519],
    ['ECDSA', makeSkEcdsa],
  ])('of kind %s are refused, or are other keys', (_kind, make) => {
    const { blob } = make();
    expect(readPublicKey(blob)).toHaveProperty('publicKey');
    eachDamaged(blob, 1000, (damaged) => {
      const reading = readPublicKey(damaged);
      if ('publicKey' in reading) expect(reading.publicKey.blob).toEqual(damaged);
    });
  });
});
