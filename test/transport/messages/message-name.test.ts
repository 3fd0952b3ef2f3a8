import { expect, it } from 'vitest';

import { messageName } from '../../../src/transport/messages/message-name.js';
import { SSH_MSG } from '../../../src/transport/messages/message-number.js';

it('a message that means the same everywhere has its name of RFC 4250', () => {
  expect([1, 20, 21, 50, 94, 192].map(messageName)).toEqual([
    'DISCONNECT',
    'KEXINIT',
    'NEWKEYS',
    'USERAUTH_REQUEST',
    'CHANNEL_DATA',
    'PING',
  ]);
});

it('a message of the method in progress has its number', () => {
  expect([30, 49, 60, 79].map(messageName)).toEqual([
    'KEX_METHOD_30',
    'KEX_METHOD_49',
    'USERAUTH_METHOD_60',
    'USERAUTH_METHOD_79',
  ]);
});

it('every number has a name, and every message that is known one of its own', () => {
  for (let number = 0; number < 256; number += 1) expect(messageName(number)).toMatch(/^[A-Z_]+(?:\d\d)?$/u);
  expect(messageName(200)).toBe('UNKNOWN');
  const known = [...new Set(Object.values(SSH_MSG))];
  expect(new Set(known.map(messageName)).size).toBe(known.length);
});
