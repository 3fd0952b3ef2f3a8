import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parsePublicKey } from '../../../src/protocol/authentication/public-key.js';
import { type UserAuthSignature, verifyUserAuthSignature } from '../../../src/protocol/authentication/signature.js';
import { parseUserKey } from '../../../src/protocol/authentication/user-key.js';
import { WireReader } from '../../../src/transport/wire/wire-reader.js';
import { WireWriter } from '../../../src/transport/wire/wire-writer.js';
import { makeCertificate, makeWireKey } from '../../support/certificates.js';
import { type BrowserMoment, makeSkEcdsa, makeSkEd25519 } from './security-key.js';

const WEBAUTHN = 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com';
const sessionId = Buffer.alloc(32, 7);

/** RFC 4252 section 7. */
const toBeSigned = (algorithm: string, blob: Buffer): Buffer =>
  new WireWriter()
    .string(sessionId)
    .byte(50)
    .utf8('ann')
    .ascii('ssh-connection')
    .ascii('publickey')
    .boolean(true)
    .ascii(algorithm)
    .string(blob)
    .finish();

function request(algorithm: string, blob: Buffer, sign: (data: Buffer) => Buffer): UserAuthSignature {
  const publicKey = parseUserKey(blob);
  if (publicKey === undefined) throw new Error('the key cannot be parsed');
  const signature = sign(toBeSigned(algorithm, blob));
  return { sessionId, user: 'ann', service: 'ssh-connection', algorithm, blob, publicKey, signature };
}

const ed25519 = makeSkEd25519();
const ecdsa = makeSkEcdsa();
const browser = makeSkEcdsa('example.com');

const inBrowser = (moment?: BrowserMoment): UserAuthSignature =>
  request(WEBAUTHN, browser.blob, (data) => browser.signInBrowser(data, moment));

const good = {
  [ed25519.type]: request(ed25519.type, ed25519.blob, (data) => ed25519.sign(data)),
  [ecdsa.type]: request(ecdsa.type, ecdsa.blob, (data) => ecdsa.sign(data)),
  [WEBAUTHN]: inBrowser(),
};

describe.each(Object.entries(good))('a request signed with %s', (algorithm, it_) => {
  it('is accepted, and tells of the touch and the counter', () => {
    expect(verifyUserAuthSignature(it_)).toEqual({ touched: true, userVerified: false, counter: 7 });
  });

  it('is refused for another session, user or key', () => {
    const other = algorithm === ed25519.type ? makeSkEd25519() : makeSkEcdsa('example.com');
    const publicKey = parsePublicKey(other.blob);
    if (publicKey === undefined) throw new Error('the key cannot be parsed');

    expect(verifyUserAuthSignature({ ...it_, sessionId: Buffer.alloc(32, 8) })).toBe(false);
    expect(verifyUserAuthSignature({ ...it_, user: 'root' })).toBe(false);
    expect(verifyUserAuthSignature({ ...it_, publicKey, blob: other.blob })).toBe(false);
  });

  it('is refused when it is cut, extended or one bit flips: flags and counter are signed as well', () => {
    const { signature } = it_;
    for (let length = 0; length < signature.length; length += 1) {
      expect(verifyUserAuthSignature({ ...it_, signature: signature.subarray(0, length) })).toBe(false);
    }
    expect(verifyUserAuthSignature({ ...it_, signature: Buffer.concat([signature, Buffer.of(0)]) })).toBe(false);
    fc.assert(
      fc.property(fc.nat(signature.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(signature);
        const at = Math.floor(bit / 8);
        flipped[at] = flipped.readUInt8(at) ^ (1 << (bit % 8));
        expect(verifyUserAuthSignature({ ...it_, signature: flipped })).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('signatures of any bytes are refused without a throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 5 }), fc.uint8Array(), (strings, tail) => {
        const writer = new WireWriter().ascii(algorithm);
        for (const bytes of strings) writer.string(bytes);
        expect(verifyUserAuthSignature({ ...it_, signature: writer.bytes(tail).finish() })).toBe(false);
      }),
    );
  });
});

describe('a security key', () => {
  it.each([
    [0x00, { touched: false, userVerified: false }],
    [0x01, { touched: true, userVerified: false }],
    [0x04, { touched: false, userVerified: true }],
    [0x05, { touched: true, userVerified: true }],
  ])('with the flags %i says %j', (flags, use) => {
    const moment = { flags, counter: 2 ** 32 - 1 };
    const all = [
      request(ed25519.type, ed25519.blob, (data) => ed25519.sign(data, moment)),
      request(ecdsa.type, ecdsa.blob, (data) => ecdsa.sign(data, moment)),
      inBrowser(moment),
    ];
    for (const it_ of all) expect(verifyUserAuthSignature(it_)).toEqual({ ...use, counter: 2 ** 32 - 1 });
  });

  it('enrolled for one application does not sign for another', () => {
    const [point = Buffer.alloc(0)] = fieldsOf(ed25519.blob).slice(1);
    const blob = new WireWriter().ascii(ed25519.type).string(point).utf8('ssh:other').finish();

    expect(verifyUserAuthSignature(request(ed25519.type, blob, (data) => ed25519.sign(data)))).toBe(false);
  });

  it('does not sign as the plain key inside it, nor the plain key as the security key', () => {
    const plain = makeWireKey();
    const [, point = Buffer.alloc(0)] = fieldsOf(plain.blob);
    const blob = new WireWriter().ascii(ed25519.type).string(point).utf8('ssh:').finish();
    const signature = (data: Buffer): Buffer => {
      const [, raw = Buffer.alloc(0)] = fieldsOf(plain.sign(data));
      return new WireWriter().ascii(ed25519.type).string(raw).byte(1).uint32(1).finish();
    };

    expect(verifyUserAuthSignature(request(ed25519.type, blob, signature))).toBe(false);
    expect(verifyUserAuthSignature(request('ssh-ed25519', blob, plain.sign))).toBe(false);
  });

  it('may have an application that is no UTF-8', () => {
    const reader = new WireReader(new WireWriter().string(Buffer.of(0xff)).finish());
    expect(parsePublicKey(makeSkEd25519(reader.utf8()).blob)?.application).toBe('\udcff');
  });
});

describe('a browser', () => {
  const clientData = (text: (challenge: string) => string): UserAuthSignature =>
    request(WEBAUTHN, browser.blob, (data) =>
      browser.signInBrowser(data, { clientData: Buffer.from(text(data.toString('base64url'))) }),
    );

  it('may add what it likes behind the origin', () => {
    const more = clientData(
      (it_) => `{"type":"webauthn.get","challenge":"${it_}","origin":"https://example.com","x":{"y":1}}`,
    );
    expect(verifyUserAuthSignature(more)).toMatchObject({ touched: true });
  });

  it.each<[string, (challenge: string) => string]>([
    ['another challenge', () => '{"type":"webauthn.get","challenge":"AAAA","origin":"https://example.com"}'],
    ['another origin', (it_) => `{"type":"webauthn.get","challenge":"${it_}","origin":"https://evil.com"}`],
    ['an enrolment', (it_) => `{"type":"webauthn.create","challenge":"${it_}","origin":"https://example.com"}`],
    ['another order', (it_) => `{"challenge":"${it_}","type":"webauthn.get","origin":"https://example.com"}`],
    ['spaces', (it_) => `{ "type":"webauthn.get","challenge":"${it_}","origin":"https://example.com"}`],
    [
      'an origin that goes on',
      (it_) => `{"type":"webauthn.get","challenge":"${it_}","origin":"https://example.com.evil"}`,
    ],
    ['nothing', () => ''],
  ])('that signs %s is refused', (_what, text) => {
    expect(verifyUserAuthSignature(clientData(text))).toBe(false);
  });

  it('cannot smuggle an origin with a quote', () => {
    expect(verifyUserAuthSignature(inBrowser({ origin: 'https://a","origin":"https://b' }))).toBe(false);
  });

  it('may send extensions if the flags say so, and must if they do', () => {
    const extensions = Buffer.from('a0', 'hex');
    expect(verifyUserAuthSignature(inBrowser({ flags: 0x81, extensions }))).toMatchObject({ touched: true });
    expect(verifyUserAuthSignature(inBrowser({ flags: 0x01, extensions }))).toBe(false);
    expect(verifyUserAuthSignature(inBrowser({ flags: 0x81 }))).toBe(false);
  });

  it('sends no data of an enrolment', () => {
    expect(verifyUserAuthSignature(inBrowser({ flags: 0x41 }))).toBe(false);
  });
});

describe('a certificate', () => {
  const authority = makeWireKey();

  it('is proven by the certified key, under the name of its type', () => {
    const user = makeWireKey();
    const blob = makeCertificate({ key: user.blob, authority });
    const name = 'ssh-ed25519-cert-v01@openssh.com';

    expect(verifyUserAuthSignature(request(name, blob, user.sign))).toBe(true);
    expect(verifyUserAuthSignature(request('ssh-ed25519', blob, user.sign))).toBe(false);
    expect(verifyUserAuthSignature(request(name, user.blob, user.sign))).toBe(false);
    expect(verifyUserAuthSignature(request(name, blob, authority.sign))).toBe(false);
    expect(
      verifyUserAuthSignature(
        request(name, blob, (data) => {
          const [, raw = Buffer.alloc(0)] = fieldsOf(user.sign(data));
          return new WireWriter().ascii(name).string(raw).finish();
        }),
      ),
    ).toBe(false);
  });

  it('of a security key is proven in its own way, in browsers too', () => {
    const blob = makeCertificate({ key: browser.blob, authority });
    const plain = request('sk-ecdsa-sha2-nistp256-cert-v01@openssh.com', blob, (data) => browser.sign(data));
    const web = request('webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com', blob, (data) =>
      browser.signInBrowser(data),
    );

    expect(verifyUserAuthSignature(plain)).toMatchObject({ touched: true });
    expect(verifyUserAuthSignature(web)).toMatchObject({ touched: true });
  });
});

/** The strings that a blob begins with. */
function fieldsOf(blob: Buffer): readonly Buffer[] {
  const reader = new WireReader(blob);
  const fields: Buffer[] = [];
  while (reader.remaining > 0) fields.push(reader.string());
  return fields;
}
