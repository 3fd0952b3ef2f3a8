import { describe, expect, it } from 'vitest';

import { UserauthBanner } from '../../../src/protocol/messages/userauth-banner.js';
import { UserauthInfoRequest, UserauthInfoResponse } from '../../../src/protocol/messages/userauth-info.js';
import { UserauthMethod } from '../../../src/protocol/messages/userauth-method.js';
import { UserauthPasswdChangereq } from '../../../src/protocol/messages/userauth-passwd-changereq.js';
import { UserauthPkOk } from '../../../src/protocol/messages/userauth-pk-ok.js';
import { UserauthRequest } from '../../../src/protocol/messages/userauth-request.js';
import { UserauthFailure, UserauthSuccess } from '../../../src/protocol/messages/userauth-result.js';
import { userauthSignedData } from '../../../src/protocol/messages/userauth-signed-data.js';
import { itObeysMessageLaws, itObeysTailLaws } from '../../support/message-laws.js';
import { wireBytes, type WirePart } from '../../support/wire-bytes.js';

itObeysMessageLaws(UserauthRequest);
itObeysMessageLaws(UserauthFailure);
itObeysMessageLaws(UserauthSuccess);
itObeysMessageLaws(UserauthBanner);
itObeysMessageLaws(UserauthPkOk);
itObeysMessageLaws(UserauthPasswdChangereq);
itObeysMessageLaws(UserauthInfoRequest);
itObeysMessageLaws(UserauthInfoResponse);

describe('UserauthMethod', () => {
  itObeysTailLaws(UserauthMethod);
});

/** The start of a request of `ann`, then `parts`. */
const request = (...parts: readonly WirePart[]): Buffer => wireBytes(50, 'ann', 'ssh-connection', ...parts);
const methodOf = (payload: Buffer): unknown => UserauthRequest.decode(payload)?.method;

describe('SSH_MSG_USERAUTH_REQUEST on the wire', () => {
  const blob = Buffer.from('public key blob');
  const signature = Buffer.from('signature blob');
  const key = { type: 'publickey', publicKeyAlgorithm: 'ssh-ed25519', publicKey: blob };

  it('reads user, service and method', () => {
    expect(UserauthRequest.decode(request('none'))).toEqual({
      type: 'SSH_MSG_USERAUTH_REQUEST',
      userName: 'ann',
      serviceName: 'ssh-connection',
      method: { type: 'none' },
    });
  });

  it('reads a password and a change of password', () => {
    expect(methodOf(request('password', 0, 'secret'))).toEqual({ type: 'password', change: false, password: 'secret' });
    expect(methodOf(request('password', 1, 'old', 'new'))).toEqual({
      ...{ type: 'password', change: true },
      ...{ password: 'old', newPassword: 'new' },
    });
  });

  it('reads an offered and a signed key, and takes any value but 0 as true', () => {
    const signed = { ...key, signed: true, signature };

    expect(methodOf(request('publickey', 0, 'ssh-ed25519', 'public key blob'))).toEqual({ ...key, signed: false });
    expect(methodOf(request('publickey', 1, 'ssh-ed25519', 'public key blob', 'signature blob'))).toEqual(signed);
    expect(methodOf(request('publickey', 7, 'ssh-ed25519', 'public key blob', 'signature blob'))).toEqual(signed);
  });

  it('reads keyboard-interactive and hostbased', () => {
    expect(methodOf(request('keyboard-interactive', '', 'otp'))).toEqual({
      ...{ type: 'keyboard-interactive', languageTag: '', submethods: 'otp' },
    });
    expect(methodOf(request('hostbased', 'ssh-ed25519', 'public key blob', 'host', 'bob', 'signature blob'))).toEqual({
      ...{ type: 'hostbased', publicKeyAlgorithm: 'ssh-ed25519', publicKey: blob },
      ...{ clientHostName: 'host', clientUserName: 'bob', signature },
    });
  });

  it('keeps the tail of a method that is unknown', () => {
    const data = wireBytes('token', [3]);

    expect(methodOf(request('gssapi-with-mic', data))).toEqual({ type: 'other', name: 'gssapi-with-mic', data });
  });

  it.each([
    ['a signature behind an unsigned key', wireBytes(0, 'ssh-ed25519', 'key', 'signature'), 'publickey'],
    ['a signed key without signature', wireBytes(1, 'ssh-ed25519', 'key'), 'publickey'],
    ['a change without a new password', wireBytes(1, 'old'), 'password'],
    ['a new password without the flag', wireBytes(0, 'old', 'new'), 'password'],
    ['anything behind none', wireBytes(0), 'none'],
  ])('calls %s malformed', (_name, data, name) => {
    expect(methodOf(request(name, data))).toEqual({ type: 'malformed', name, data });
  });

  it('refuses a request that ends before its method, or whose method is no name', () => {
    expect(UserauthRequest.decode(wireBytes(50, 'ann', 'ssh-connection'))).toBeUndefined();
    expect(UserauthRequest.decode(request('no\0ne'))).toBeUndefined();
  });

  it('keeps user names and passwords apart that are not UTF-8', () => {
    const user = (byte: number) => UserauthRequest.decode(wireBytes(50, [1], byte, 'ssh-connection', 'none'))?.userName;

    expect(user(0xe4)).toBe('\udce4');
    expect(user(0xe5)).toBe('\udce5');
    expect(methodOf(request('password', 0, [1], 0xff))).toEqual({
      ...{ type: 'password', change: false, password: '\udcff' },
    });
  });

  it('writes an encoded request back to the same bytes', () => {
    const payload = request('publickey', 1, 'ssh-ed25519', 'public key blob', 'signature blob');
    const decoded = UserauthRequest.decode(payload);

    expect(decoded && UserauthRequest.encode(decoded)).toEqual(payload);
  });

  it('gives the signed data of RFC 4252 section 7', () => {
    const payload = request('publickey', 1, 'ssh-ed25519', 'public key blob', 'signature blob');
    const expected = wireBytes('session id', request('publickey', 1, 'ssh-ed25519', 'public key blob'));

    expect(userauthSignedData(Buffer.from('session id'), payload, signature)).toEqual(expected);
  });
});

describe('answers of authentication on the wire', () => {
  it('puts FAILURE, SUCCESS and BANNER as RFC 4252 lists them', () => {
    const failure = { authenticationsThatCanContinue: ['publickey', 'password'], partialSuccess: true };

    expect(UserauthFailure.encode(failure)).toEqual(wireBytes(51, 'publickey,password', 1));
    expect(UserauthSuccess.encode({})).toEqual(Buffer.of(52));
    expect(UserauthBanner.encode({ message: 'hi\r\n', languageTag: '' })).toEqual(wireBytes(53, 'hi\r\n', ''));
  });

  it('puts the three meanings of number 60 as RFC 4252 and RFC 4256 list them', () => {
    const prompts = [
      { prompt: 'Code: ', echo: true },
      { prompt: 'PIN: ', echo: false },
    ];
    const info = { name: 'Token', instruction: 'Look at it.', languageTag: '', prompts };

    expect(UserauthPkOk.encode({ publicKeyAlgorithm: 'ssh-ed25519', publicKey: Buffer.from('blob') })).toEqual(
      wireBytes(60, 'ssh-ed25519', 'blob'),
    );
    expect(UserauthPasswdChangereq.encode({ prompt: 'New: ', languageTag: 'en' })).toEqual(
      wireBytes(60, 'New: ', 'en'),
    );
    expect(UserauthInfoRequest.encode(info)).toEqual(
      wireBytes(60, 'Token', 'Look at it.', '', [2], 'Code: ', 1, 'PIN: ', 0),
    );
  });

  it('reads the answers of RFC 4256 section 3.4, none included, and refuses a count that lies', () => {
    expect(UserauthInfoResponse.decode(wireBytes(61, [2], '123', ''))?.responses).toEqual(['123', '']);
    expect(UserauthInfoResponse.decode(wireBytes(61, [0]))?.responses).toEqual([]);
    expect(UserauthInfoResponse.decode(wireBytes(61, [0xffff_ffff], '123'))).toBeUndefined();
    expect(UserauthInfoResponse.decode(wireBytes(61, [1], '123', ''))).toBeUndefined();
  });
});
