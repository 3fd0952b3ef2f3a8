import { expect, it } from 'vitest';

import type { AuthOutcome } from '../../../src/protocol/authentication/auth-attempt.js';
import { wireBytes } from '../../support/wire-bytes.js';
import * as send from '../../support/wire-client-payloads.js';
import { authBench, FAILURE, SUCCESS } from './auth-desk.js';

/** RFC 4252 section 8. */
const changeOf = (old: string, next: string, user = 'ann'): Buffer =>
  wireBytes(50, user, 'ssh-connection', 'password', 1, old, next);

const wanted = (prompt = 'Your password has expired.'): AuthOutcome => ({ type: 'password-change', prompt });
const changeRequest = (prompt = 'Your password has expired.'): Buffer => wireBytes(60, prompt, '');

it('a password that is to be changed is answered with the prompt, and the new one gets in', () => {
  const { link, desk, authentication } = authBench();
  authentication.onMessage(send.authPassword('old'));
  desk.say(wanted());
  expect(link.sent).toEqual([changeRequest()]);
  expect(authentication.authenticated).toBe(false);

  authentication.onMessage(changeOf('old', 'new'));
  desk.say(SUCCESS);

  expect(desk.asked.at(-1)).toEqual({
    user: 'ann',
    service: 'ssh-connection',
    ordinal: 2,
    method: 'password',
    password: 'old',
    newPassword: 'new',
  });
  expect(link.sent.at(-1)).toEqual(Buffer.of(52));
});

it('a new password that will not do is asked for again', () => {
  const { link, desk, authentication } = authBench();
  authentication.onMessage(send.authPassword('old'));
  desk.say(wanted());
  authentication.onMessage(changeOf('old', 'x'));
  desk.say(wanted('A longer one, please.'));
  authentication.onMessage(changeOf('old', 'longer'));

  expect(link.sent).toEqual([changeRequest(), changeRequest('A longer one, please.')]);
  expect(desk.asked.at(-1)).toMatchObject({ newPassword: 'longer' });
});

it.each([
  ['at first', () => []],
  ['after a refusal', (): readonly [Buffer, AuthOutcome][] => [[send.authPassword('old'), FAILURE]]],
  [
    'by another user than was asked',
    (): readonly [Buffer, AuthOutcome][] => [[send.authPassword('old', 'bob'), wanted()]],
  ],
  [
    'behind another request',
    (): readonly [Buffer, AuthOutcome][] => [
      [send.authPassword('old'), wanted()],
      [send.authNone(), FAILURE],
    ],
  ],
  [
    'a second time',
    (): readonly [Buffer, AuthOutcome][] => [
      [send.authPassword('old'), wanted()],
      [changeOf('old', 'new'), FAILURE],
    ],
  ],
])('a change that nobody asked for, %s, is shown as nothing that could be granted', (_when, before) => {
  const { link, desk, authentication } = authBench();
  for (const [payload, outcome] of before()) {
    authentication.onMessage(payload);
    desk.say(outcome);
  }
  authentication.onMessage(changeOf('old', 'new'));

  const last = desk.asked.at(-1);
  expect(last).toMatchObject({ method: 'other', name: 'password' });
  expect(JSON.stringify(last)).not.toContain('new');
  desk.say(SUCCESS);
  expect(link.sent.at(-1)?.[0]).toBe(51);
  expect(authentication.authenticated).toBe(false);
});

it('to ask for a change is no failure, and is done as often as somebody may fail: once more is one', () => {
  const { link, desk, authentication } = authBench({ maxAuthFailures: 2 });
  for (let count = 0; count < 4; count += 1) {
    authentication.onMessage(send.authPassword('old'));
    desk.say(wanted());
  }

  expect(link.sent.map(([number]) => number)).toEqual([60, 60, 51]);
  expect(link.violations).toEqual(['NO_MORE_AUTH_METHODS_AVAILABLE: too many authentication failures']);
});

it('a change with the wrong old password is a failure that counts', () => {
  const { link, desk, authentication } = authBench({ maxAuthFailures: 2 });
  for (let count = 0; count < 2; count += 1) {
    authentication.onMessage(send.authPassword('old'));
    desk.say(wanted());
    authentication.onMessage(changeOf('guess', 'new'));
    desk.say(FAILURE);
  }

  expect(link.violations).toEqual(['NO_MORE_AUTH_METHODS_AVAILABLE: too many authentication failures']);
});

it.each([
  ['none', send.authNone()],
  ['keyboard-interactive', send.authMethod('keyboard-interactive', '', '')],
  ['an unknown method', send.authMethod('telepathy')],
])('the wish for a new password is a refusal where there is none: %s', (_what, payload) => {
  const { link, desk, authentication } = authBench();
  authentication.onMessage(payload);
  desk.say(wanted());
  authentication.onMessage(changeOf('old', 'new'));

  expect(link.sent.map(([number]) => number)).toEqual([51]);
  expect(desk.asked.at(-1)).toMatchObject({ method: 'other' });
});
