import { expect, it } from 'vitest';

import { SSH_MSG } from '../../../src/transport/messages/message-number.js';

it('gives every message the number that RFC 4250 section 4.1.2 assigns', () => {
  const { DISCONNECT, NEWKEYS, KEXINIT, USERAUTH_REQUEST, USERAUTH_BANNER, USERAUTH_INFO_RESPONSE } = SSH_MSG;
  const { GLOBAL_REQUEST, REQUEST_FAILURE, CHANNEL_OPEN, CHANNEL_DATA, CHANNEL_REQUEST, CHANNEL_FAILURE } = SSH_MSG;

  expect([DISCONNECT, KEXINIT, NEWKEYS]).toEqual([1, 20, 21]);
  expect([USERAUTH_REQUEST, USERAUTH_BANNER, USERAUTH_INFO_RESPONSE]).toEqual([50, 53, 61]);
  expect([GLOBAL_REQUEST, REQUEST_FAILURE]).toEqual([80, 82]);
  expect([CHANNEL_OPEN, CHANNEL_DATA, CHANNEL_REQUEST, CHANNEL_FAILURE]).toEqual([90, 94, 98, 100]);
});

it('uses a number twice only where the method in progress tells the meaning', () => {
  const numbers = Object.values(SSH_MSG);
  const shared = numbers.filter((number, index) => numbers.indexOf(number) !== index);

  expect(new Set(shared)).toEqual(new Set([60]));
});
