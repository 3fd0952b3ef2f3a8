import {
  decide,
  grantKeyboardInteractive,
  grantPublicKey,
  maxAuthAttempts,
  type SSHUserAuthRequest,
} from '../../../../src/index.js';
import { act, authRequest } from '../../../../src/testing/index.js';
import { later } from '../../../support/later.js';
import { ANNS_KEY_LINE } from '../client-key.js';
import { pass, type Scenario } from '../scenario.js';
import { connect, passwordSecret, rightPassword, wrongPassword } from './sign-in.js';

const handlers = () => [passwordSecret()];

const byKey = (isKnown: boolean) => [
  decide(
    'SSHUserAuthRequest',
    grantPublicKey(() => (isKnown ? ANNS_KEY_LINE : '')),
  ),
];

const byCode = () => [
  decide(
    'SSHUserAuthRequest',
    grantKeyboardInteractive({
      prompts: [{ text: 'Code: ' }, { text: 'Place: ', echo: true }],
      verify: (_user, [code, place]) => (code === 'again' ? 'again' : code === '42' && place === 'here'),
      maxRounds: 2,
    }),
  ),
];

const authMethods = ['keyboard-interactive'] as const;
const answer = (code: string, place = 'here') => authRequest.keyboardInteractiveAnswer('ann', [code, place]);

/** Who gets in, by which method. */
export const authentication: readonly Scenario[] = [
  {
    name: 'no method, then the right password',
    learns: 'cdg',
    play: () => ({ options: { handlers: handlers() }, acts: [connect, authRequest.none('ann'), rightPassword] }),
  },
  {
    name: 'a wrong password, then the right one',
    learns: 'cdg',
    play: () => ({ options: { handlers: handlers() }, acts: [connect, wrongPassword, rightPassword] }),
  },
  {
    name: 'a password that is to be changed',
    client: 'wire',
    learns: 'cd',
    play: () => {
      const { type, ...request } = authRequest.password('ann', 'secret');
      const { password: newPassword } = authRequest.password('ann', 'better');
      return { options: { handlers: handlers() }, acts: [connect, { type, ...request, newPassword }] };
    },
  },
  {
    name: 'a server without policies',
    learns: 'cdd',
    play: () => ({ options: {}, acts: [connect, authRequest.none('ann'), rightPassword] }),
  },
  {
    name: 'a key that would do, then its signature',
    learns: 'ckg',
    play: () => ({
      options: { handlers: byKey(true) },
      acts: [connect, authRequest.offeredKey('ann', ANNS_KEY_LINE), authRequest.provenKey('ann', ANNS_KEY_LINE)],
    }),
  },
  {
    name: 'a key that would not do',
    learns: 'cd',
    play: () => ({
      options: { handlers: byKey(false) },
      acts: [connect, authRequest.offeredKey('ann', ANNS_KEY_LINE)],
    }),
  },
  {
    name: 'a wrong signature, then the password',
    learns: 'ckdg',
    play: () => ({
      options: { handlers: [...byKey(true), ...handlers()] },
      acts: [
        connect,
        authRequest.offeredKey('ann', ANNS_KEY_LINE),
        authRequest.refutedKey('ann', ANNS_KEY_LINE),
        rightPassword,
      ],
    }),
  },
  {
    name: 'a signature without a question before',
    client: 'wire',
    learns: 'cg',
    play: () => ({
      options: { handlers: byKey(true) },
      acts: [connect, authRequest.provenKey('ann', ANNS_KEY_LINE)],
    }),
  },
  {
    name: 'wrong signatures without end',
    client: 'wire',
    learns: 'cdx',
    play: () => ({
      options: { handlers: byKey(true), limits: { maxAuthFailures: 2 } },
      acts: [connect, authRequest.refutedKey('ann', ANNS_KEY_LINE), authRequest.refutedKey('ann', ANNS_KEY_LINE)],
    }),
  },
  {
    name: 'one round of questions, answered rightly',
    learns: 'cqg',
    play: () => ({
      options: { handlers: byCode(), authMethods },
      acts: [connect, authRequest.keyboardInteractive('ann'), answer('42')],
    }),
  },
  {
    name: 'two rounds of questions',
    learns: 'cqqg',
    play: () => ({
      options: { handlers: byCode(), authMethods },
      acts: [connect, authRequest.keyboardInteractive('ann'), answer('again'), answer('42')],
    }),
  },
  {
    name: 'wrong answers, then the right ones',
    learns: 'cqdqg',
    play: () => ({
      options: { handlers: byCode(), authMethods },
      acts: [
        connect,
        authRequest.keyboardInteractive('ann'),
        answer('41'),
        authRequest.keyboardInteractive('ann'),
        answer('42'),
      ],
    }),
  },
  {
    name: 'more rounds than there may be',
    learns: 'cqqd',
    play: () => ({
      options: { handlers: byCode(), authMethods },
      acts: [connect, authRequest.keyboardInteractive('ann'), answer('again'), answer('again')],
    }),
  },
  {
    name: 'fewer answers than questions',
    client: 'wire',
    learns: 'cqd',
    play: () => ({
      options: { handlers: byCode(), authMethods },
      acts: [connect, authRequest.keyboardInteractive('ann'), authRequest.keyboardInteractiveAnswer('ann', ['42'])],
    }),
  },
  {
    name: 'answers that nobody asked for',
    client: 'wire',
    learns: 'cx',
    play: () => ({ options: { handlers: byCode(), authMethods }, acts: [connect, answer('42')] }),
  },
  {
    name: 'a method that the server does not know',
    client: 'wire',
    learns: 'cdg',
    play: () => ({
      options: { handlers: handlers() },
      acts: [connect, authRequest.unknownMethod('ann', 'telepathy@example.com'), rightPassword],
    }),
  },
  {
    name: 'too many failures',
    learns: 'cddx',
    play: () => ({
      options: { handlers: handlers(), limits: { maxAuthFailures: 3 } },
      acts: [connect, wrongPassword, wrongPassword, wrongPassword],
    }),
  },
  {
    name: 'more requests than a connection may make',
    learns: 'cddx',
    play: () => ({
      options: { handlers: handlers(), limits: { maxAuthRequests: 2 } },
      acts: [connect, authRequest.none('ann'), authRequest.none('ann'), rightPassword],
    }),
  },
  {
    name: 'the right password after more attempts than a policy grants',
    learns: 'cddd',
    play: () => ({
      options: { handlers: [decide('SSHUserAuthRequest', maxAuthAttempts(2)), ...handlers()] },
      acts: [connect, wrongPassword, wrongPassword, rightPassword],
    }),
  },
  {
    name: 'a name that is not printable',
    learns: 'cg',
    play: () => ({
      options: { handlers: handlers() },
      acts: [connect, authRequest.password('ann\r\nroot', 'secret')],
    }),
  },
  {
    name: 'a name that is too long',
    learns: 'cx',
    play: () => ({
      options: { handlers: handlers() },
      acts: [connect, authRequest.password('a'.repeat(1025), 'secret')],
    }),
  },
  {
    name: 'an answer that comes late',
    learns: 'cg',
    play: () => {
      const desk = later<SSHUserAuthRequest>();
      return {
        options: { handlers: [decide('SSHUserAuthRequest', desk.policy), ...handlers()] },
        acts: [connect, rightPassword, pass(1000), () => desk.answers[0]?.()],
      };
    },
  },
  {
    name: 'hanging up in the middle of a decision',
    learns: 'c',
    play: () => {
      const desk = later<SSHUserAuthRequest>();
      return {
        options: { handlers: [decide('SSHUserAuthRequest', desk.policy), ...handlers()] },
        acts: [connect, rightPassword, act.atOnce(act.hangUp()), () => desk.answers[0]?.()],
      };
    },
  },
  {
    name: 'saying goodbye in the middle of a decision, and coming back',
    learns: 'ccg',
    play: () => {
      const desk = later<SSHUserAuthRequest>();
      return {
        options: { handlers: [decide('SSHUserAuthRequest', desk.policy), ...handlers()] },
        acts: [
          connect,
          rightPassword,
          act.atOnce(act.disconnect('')),
          connect,
          rightPassword,
          () => {
            for (const give of desk.answers) give();
          },
        ],
      };
    },
  },
];
