import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { makeCertificate, makeWireKey } from '../../support/certificates.js';
import { wireBytes } from '../../support/wire-bytes.js';
import * as send from '../../support/wire-client-payloads.js';
import { type AuthBench, authBench, FAILURE, signedBy } from './auth-desk.js';

const CERTIFICATE = 'ssh-ed25519-cert-v01@openssh.com';
const key = makeWireKey();
const blob = [[key.blob.length], key.blob] as const;

/** Where requests of the method `publickey` say whether they are signed. */
const FLAG_AT = wireBytes(50, 'ann', 'ssh-connection', 'publickey').length;

/** A right request of each method, as far as there is such a thing. */
function requestsFor({ link }: AuthBench): Readonly<Record<string, Buffer>> {
  const sign = (request: Buffer): Buffer => signedBy(key.sign, link, request);
  const certificate = makeCertificate({ key: key.blob, authority: makeWireKey() });
  const shown = [[certificate.length], certificate] as const;
  return {
    none: send.authNone(),
    password: send.authPassword('secret'),
    'change of a password': send.authMethod('password', 1, 'old', 'new'),
    offer: send.authMethod('publickey', 0, 'ssh-ed25519', ...blob),
    proof: sign(send.authMethod('publickey', 1, 'ssh-ed25519', ...blob)),
    certificate: sign(send.authMethod('publickey', 1, CERTIFICATE, ...shown)),
    host: sign(send.authMethod('hostbased', 'ssh-ed25519', ...blob, 'desk.example.com.', 'ann')),
    'keyboard-interactive': send.authMethod('keyboard-interactive', '', 'pam'),
    'method that nobody knows': send.authMethod('telepathy', 'hm'),
  };
}

const NAMES = Object.keys(requestsFor(authBench()));

/** Sends one request and refuses whatever is asked. @returns what a client sees of it */
function fate(bench: AuthBench, payload: Buffer): string {
  bench.authentication.onMessage(payload);
  const asked = bench.desk.asked.length;
  bench.desk.say(FAILURE);
  if (bench.link.violations.length > 0) return 'ended';
  return asked === 1 && bench.link.sent.length === 1 && bench.link.sent[0]?.[0] === 51 ? 'refused' : 'lost';
}

describe('a malformed request never throws, and is refused with a question or ends the connection:', () => {
  it.each(NAMES)('%s, cut off anywhere', (name) => {
    const whole = requestsFor(authBench())[name] ?? Buffer.alloc(0);
    for (let length = 1; length < whole.length; length += 1) {
      const bench = authBench();
      const sent = requestsFor(bench)[name] ?? Buffer.alloc(0);
      expect(['refused', 'ended']).toContain(fate(bench, sent.subarray(0, length)));
      expect(bench.desk.asked.every((it) => !('stage' in it) || it.stage !== 'proven')).toBe(true);
    }
  });

  it.each(NAMES)('%s, with one bit turned', (name) => {
    const whole = requestsFor(authBench())[name] ?? Buffer.alloc(0);
    // The first byte is the number of the message. RFC 4251 section 5: whatever is not 0 is true.
    const isFlag = (at: number): boolean => at >> 3 === FLAG_AT && (at & 7) !== 0;
    const bit = fc.integer({ min: 8, max: whole.length * 8 - 1 }).filter((at) => !isFlag(at));
    fc.assert(
      fc.property(bit, (at) => {
        const bench = authBench();
        const sent = Buffer.from(requestsFor(bench)[name] ?? Buffer.alloc(0));
        sent.writeUInt8(sent.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
        expect(['refused', 'ended']).toContain(fate(bench, sent));
        // Every bit of a signed request is signed, but for those of the signature itself.
        expect(bench.desk.asked.every((it) => !('stage' in it) || it.stage !== 'proven')).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it.each(NAMES)('%s, with bytes behind it', (name) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (more) => {
        const bench = authBench();
        const sent = Buffer.concat([requestsFor(bench)[name] ?? Buffer.alloc(0), more]);
        expect(['refused', 'ended']).toContain(fate(bench, sent));
        expect(bench.desk.asked.every((it) => !('stage' in it) || it.stage !== 'proven')).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('any bytes behind the name of a method', () => {
    const method = fc.constantFrom('none', 'password', 'publickey', 'hostbased', 'keyboard-interactive', 'x', '');
    fc.assert(
      fc.property(method, fc.uint8Array({ maxLength: 200 }), (name, tail) => {
        const bench = authBench();
        expect(['refused', 'ended']).toContain(fate(bench, send.authMethod(name, Buffer.from(tail))));
      }),
      { numRuns: 500 },
    );
  });

  it('any bytes at all, in any state, any number of them', () => {
    const number = fc.constantFrom(50, 61, 60, 66);
    const payload = fc
      .tuple(number, fc.uint8Array({ maxLength: 60 }))
      .map(([first, rest]) => Buffer.concat([Buffer.of(first), rest]));
    const outcome = fc.constantFrom(
      FAILURE,
      { type: 'password-change', prompt: 'New: ' } as const,
      { type: 'challenge', challenge: { prompts: [{ text: '?' }] } } as const,
      { type: 'offer-accepted' } as const,
    );
    const real = fc.constantFrom(...Object.values(requestsFor(authBench())));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(payload, real), outcome), { maxLength: 12 }), (steps) => {
        const { link, desk, authentication } = authBench();
        for (const [message, answer] of steps) {
          if (link.violations.length > 0) authentication.close();
          authentication.onMessage(message);
          desk.say(answer);
        }
        expect(authentication.authenticated).toBe(false);
        expect(link.sent.every(([first]) => first === 51 || first === 60)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the requests that are turned there', () => {
  let proven: readonly string[];

  beforeAll(() => {
    proven = NAMES.filter((name) => {
      const bench = authBench();
      bench.authentication.onMessage(requestsFor(bench)[name] ?? Buffer.alloc(0));
      return bench.desk.asked.some((it) => 'stage' in it && it.stage === 'proven');
    });
  });

  it('prove something as long as they are whole', () => {
    expect(proven).toEqual(['proof', 'certificate', 'host']);
  });
});
