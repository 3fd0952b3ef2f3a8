import { beforeEach, describe, expect, it } from 'vitest';

import type { AuthOutcome } from '../../../src/protocol/authentication/auth-attempt.js';
import type { UserAuthentication } from '../../../src/protocol/authentication/user-authentication.js';
import type { ProtocolLimits } from '../../../src/protocol/limits.js';
import { makeCertificate, makeWireKey } from '../../support/certificates.js';
import { wireBytes } from '../../support/wire-bytes.js';
import * as send from '../../support/wire-client-payloads.js';
import type { FakeLink } from '../channels/channel-bench.js';
import { authBench, type Desk, FAILURE, SUCCESS } from './auth-desk.js';
import { makeSkEd25519 } from './security-key.js';

const challengeOf = (...texts: readonly string[]): AuthOutcome => ({
  type: 'challenge',
  challenge: { name: 'Code', instruction: 'Look at your device', prompts: texts.map((text) => ({ text })) },
});

const INTERACTIVE = send.authMethod('keyboard-interactive', '', 'pam,totp');
const infoResponse = (...answers: readonly string[]): Buffer => wireBytes(61, [answers.length], ...answers);

let link: FakeLink;
let desk: Desk;
let authentication: UserAuthentication;

const start = (limits: Partial<ProtocolLimits> = {}): void => {
  ({ link, desk, authentication } = authBench(limits));
};

beforeEach(() => {
  start();
});

describe('a key', () => {
  const authority = makeWireKey();
  const sk = makeSkEd25519();

  /** RFC 4252 section 7. */
  const signed = (algorithm: string, blob: Buffer, sign: (data: Buffer) => Buffer): Buffer => {
    const request = send.authMethod('publickey', 1, algorithm, [blob.length], blob);
    return Buffer.concat([request, sized(sign(Buffer.concat([sized(link.sessionId), request])))]);
  };
  const sized = (bytes: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };

  it('in a security key is shown with what that says of its signature', () => {
    authentication.onMessage(signed(sk.type, sk.blob, (data) => sk.sign(data, { flags: 5, counter: 9 })));

    expect(desk.asked).toMatchObject([
      {
        method: 'publickey',
        stage: 'proven',
        key: { application: 'ssh:' },
        securityKey: { touched: true, userVerified: true, counter: 9 },
      },
    ]);
  });

  it('with a certificate is shown with it, and refuted if another key has signed', () => {
    const user = makeWireKey();
    const type = 'ssh-ed25519-cert-v01@openssh.com';
    const blob = makeCertificate({ key: user.blob, authority });
    authentication.onMessage(signed(type, blob, user.sign));
    desk.say(FAILURE);
    authentication.onMessage(signed(type, blob, authority.sign));

    expect(desk.asked).toMatchObject([
      { stage: 'proven', algorithm: type, key: { type, certificate: { keyId: 'ann@desk' } } },
      { stage: 'refuted', key: { type } },
    ]);
    expect(desk.asked[0]).not.toHaveProperty('securityKey');
  });

  it('with a certificate that its authority has not signed is no key', () => {
    const user = makeWireKey();
    const type = 'ssh-ed25519-cert-v01@openssh.com';
    const blob = makeCertificate({ key: user.blob, authority, authorityBlob: makeWireKey().blob });
    authentication.onMessage(send.authMethod('publickey', 0, type, [blob.length], blob));
    desk.say(FAILURE);
    authentication.onMessage(signed(type, blob, user.sign));

    expect(desk.asked).toMatchObject([
      { method: 'other', name: 'publickey' },
      { method: 'other', name: 'publickey' },
    ]);
  });
});

describe('keyboard-interactive', () => {
  it('asks, round by round, and lets in whoever answers well', () => {
    authentication.onMessage(INTERACTIVE);
    expect(desk.asked).toMatchObject([
      { method: 'keyboard-interactive', stage: 'started', submethods: ['pam', 'totp'] },
    ]);

    desk.say(challengeOf('Password: ', 'Code: '));
    expect(link.sent).toEqual([wireBytes(60, 'Code', 'Look at your device', '', [2], 'Password: ', 0, 'Code: ', 0)]);
    authentication.onMessage(infoResponse('hunter2', '123456'));
    desk.say(challengeOf('Again: '));
    authentication.onMessage(infoResponse('654321'));
    desk.say(SUCCESS);

    expect(desk.asked.slice(1)).toMatchObject([
      { stage: 'answered', round: 1, ordinal: 1, answers: ['hunter2', '123456'] },
      { stage: 'answered', round: 2, ordinal: 1, answers: ['654321'] },
    ]);
    expect(link.sent.at(-1)).toEqual(Buffer.of(52));
    expect(desk.log).toEqual(['authenticated']);
    expect(authentication.authenticated).toBe(true);
  });

  it('may be a round without questions', () => {
    authentication.onMessage(INTERACTIVE);
    desk.say(challengeOf());
    authentication.onMessage(infoResponse());
    desk.say(SUCCESS);

    expect(authentication.authenticated).toBe(true);
  });

  it('asks at most sixteen things at once', () => {
    authentication.onMessage(INTERACTIVE);
    desk.say(challengeOf(...Array.from({ length: 40 }, (_, index) => String(index))));
    authentication.onMessage(infoResponse(...Array.from({ length: 16 }, () => 'x')));

    expect(desk.asked.at(-1)).toMatchObject({ stage: 'answered', round: 1 });
    expect(link.violations).toEqual([]);
  });

  it.each([
    ['too few answers', infoResponse('one')],
    ['too many answers', infoResponse('one', 'two', 'three')],
  ])('%s are a failure that nobody is asked about', (_what, payload) => {
    start({ maxAuthFailures: 2 });
    for (let round = 0; round < 2; round += 1) {
      authentication.onMessage(INTERACTIVE);
      desk.say(challengeOf('a', 'b'));
      authentication.onMessage(payload);
    }

    expect(desk.asked.map((attempt) => 'stage' in attempt && attempt.stage)).toEqual(['started', 'started']);
    expect(link.sent.map(([number]) => number)).toEqual([60, 51, 60]);
    expect(link.violations).toEqual(['NO_MORE_AUTH_METHODS_AVAILABLE: too many authentication failures']);
  });

  it.each([
    ['answers cut short', wireBytes(61, [2], 'one')],
    ['a count beyond the packet', wireBytes(61, [0xffff_ffff])],
  ])('%s end the connection', (_what, payload) => {
    authentication.onMessage(INTERACTIVE);
    desk.say(challengeOf('a', 'b'));
    authentication.onMessage(payload);

    expect(link.violations).toHaveLength(1);
    expect(desk.asked).toHaveLength(1);
  });

  it('answers come once: a second time they end the connection', () => {
    authentication.onMessage(INTERACTIVE);
    desk.say(challengeOf('a'));
    authentication.onMessage(infoResponse('x'));
    authentication.onMessage(infoResponse('y'));

    expect(link.violations).toHaveLength(1);
    expect(desk.asked).toHaveLength(2);
  });

  it('is abandoned by a new request: answers to the old questions count for nothing', () => {
    authentication.onMessage(INTERACTIVE);
    desk.say(challengeOf('a'));
    authentication.onMessage(send.authPassword('x'));
    desk.say(FAILURE);
    authentication.onMessage(infoResponse('y'));

    expect(link.violations).toHaveLength(1);
  });

  it('does not ask when the client has moved on meanwhile', () => {
    authentication.onMessage(INTERACTIVE);
    authentication.onMessage(send.authPassword('x'));
    desk.say(challengeOf('a'));

    expect(link.sent).toEqual([]);
    expect(desk.asked.at(-1)).toMatchObject({ method: 'password', ordinal: 2 });
  });

  it('is no success without an answer, even if somebody says so', () => {
    authentication.onMessage(INTERACTIVE);
    desk.say(SUCCESS);

    expect(link.sent.map(([number]) => number)).toEqual([51]);
    expect(authentication.authenticated).toBe(false);
  });

  it('is a failure that counts once the answers are wrong', () => {
    start({ maxAuthFailures: 2 });
    for (let round = 0; round < 2; round += 1) {
      authentication.onMessage(INTERACTIVE);
      desk.say(challengeOf('a'));
      authentication.onMessage(infoResponse('wrong'));
      desk.say(FAILURE);
    }

    expect(link.violations).toEqual(['NO_MORE_AUTH_METHODS_AVAILABLE: too many authentication failures']);
  });
});

describe('an answer that does not fit its question is a refusal', () => {
  it.each([
    ['an accepted offer for a password', send.authPassword('x'), { type: 'offer-accepted' }],
    ['questions for a password', send.authPassword('x'), challengeOf('a')],
    ['an accepted offer for none', send.authNone(), { type: 'offer-accepted' }],
    ['success for a method nobody knows', send.authMethod('telepathy'), SUCCESS],
    ['success for a key that cannot be read', send.authMethod('publickey', 1, 'ssh-ed25519', 'x', 'y'), SUCCESS],
  ] as const)('%s', (_what, payload, outcome) => {
    authentication.onMessage(payload);
    desk.say(outcome);

    expect(link.sent.map(([number]) => number)).toEqual([51]);
    expect(authentication.authenticated).toBe(false);
  });
});

describe('after the end', () => {
  it('nobody is asked, and late answers change nothing', () => {
    authentication.onMessage(send.authPassword('a'));
    authentication.onMessage(send.authPassword('b'));
    authentication.close();
    desk.say(SUCCESS);

    expect(desk.asked).toHaveLength(1);
    expect(authentication.authenticated).toBe(false);
    expect(link.sent).toEqual([]);
    expect(desk.log).toEqual([]);
  });

  it('of authentication, requests that were sent ahead are forgotten', () => {
    authentication.onMessage(send.authPassword('a'));
    authentication.onMessage(send.authPassword('b'));
    desk.say(SUCCESS);

    expect(desk.asked).toHaveLength(1);
    expect(link.sent).toEqual([Buffer.of(52)]);
    expect(authentication.onMessage(send.authPassword('c'))).toBe(true);
    expect(desk.asked).toHaveLength(1);
  });
});

it('message numbers of other parties mean nothing', () => {
  for (const number of [51, 52, 53, 60, 62, 79]) expect(authentication.onMessage(Buffer.of(number))).toBe(false);
});

it('a password arrives as it was sent, and so does the user’s name', () => {
  authentication.onMessage(send.authPassword('pässwörd ', 'Ann Ä.'));

  expect(desk.asked).toMatchObject([{ method: 'password', user: 'Ann Ä.', password: 'pässwörd ', ordinal: 1 }]);
});
