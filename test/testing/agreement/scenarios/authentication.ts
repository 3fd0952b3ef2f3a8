import {
  decide,
  grantHostBased,
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  maxAuthAttempts,
  requireMethods,
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

/** Says something before it asks, and judges the answers one by one. */
const byNotice = () => [
  decide(
    'SSHUserAuthRequest',
    grantKeyboardInteractive({
      prompts: (request) =>
        request.stage === 'started'
          ? { instruction: 'Have your token ready.', prompts: [] }
          : { prompts: [{ text: 'Code: ' }, { text: 'Place: ', echo: true }] },
      verifyAnswer: (_user, text, number) => text === (number === 1 ? '42' : 'here'),
      verify: (_user, answers) => answers.length > 0 || 'again',
    }),
  ),
];

const byStalePassword = () => [
  decide(
    'SSHUserAuthRequest',
    grantPassword((_user, text) => text === 'stale' && { change: 'It is time for a new one.' }, {
      change: (_user, text, newText) => text === 'stale' && (newText.length > 8 || { change: 'It is too short.' }),
    }),
  ),
];

const byHost = () => [
  decide(
    'SSHUserAuthRequest',
    grantHostBased({
      hosts: `desk.example.com ${ANNS_KEY_LINE}`,
      allow: (_host, { user, clientUserName }) => user === clientUserName,
    }),
  ),
];

/** The code of a second step. */
const askingCode = () => [
  decide(
    'SSHUserAuthRequest',
    grantKeyboardInteractive({
      name: 'code',
      prompts: [{ text: 'Code: ' }, { text: 'Place: ', echo: true }],
      verify: (_user, [code]) => code === '42',
    }),
  ),
];

/** A key and a code, or a password and a code. */
const bySteps = () => [
  decide('SSHUserAuthRequest', requireMethods('publickey+code | password+code'), { phase: 'limit' }),
  ...handlers(),
  ...byKey(true),
  ...askingCode(),
];
const stepMethods = ['publickey', 'password', 'keyboard-interactive'] as const;
const start = authRequest.keyboardInteractive('ann');

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
    name: 'a change of the password that nobody asked for',
    client: 'wire',
    learns: 'cd',
    play: () => ({
      options: { handlers: byStalePassword() },
      acts: [connect, authRequest.passwordChange('ann', 'stale', 'fresh enough')],
    }),
  },
  {
    name: 'a password that is to be changed, twice since the first new one will not do',
    client: 'wire',
    learns: 'chhg',
    play: () => ({
      options: { handlers: byStalePassword() },
      acts: [
        connect,
        authRequest.password('ann', 'stale'),
        authRequest.passwordChange('ann', 'stale', 'short'),
        authRequest.passwordChange('ann', 'stale', 'fresh enough'),
      ],
    }),
  },
  {
    name: 'a password that is to be changed, by somebody who does not know it any more',
    client: 'wire',
    learns: 'chdd',
    play: () => ({
      options: { handlers: byStalePassword() },
      acts: [
        connect,
        authRequest.password('ann', 'stale'),
        authRequest.passwordChange('ann', 'guess', 'fresh enough'),
        authRequest.passwordChange('ann', 'stale', 'fresh enough'),
      ],
    }),
  },
  {
    name: 'a host that vouches for its user',
    client: 'wire',
    learns: 'cg',
    play: () => ({
      options: { handlers: byHost(), authMethods: ['hostbased'] },
      acts: [connect, authRequest.provenHost('ann', ANNS_KEY_LINE)],
    }),
  },
  {
    name: 'hosts that do not: unknown, wrongly signed, for another user',
    client: 'wire',
    learns: 'cddd',
    play: () => ({
      options: { handlers: byHost(), authMethods: ['hostbased'] },
      acts: [
        connect,
        authRequest.provenHost('ann', ANNS_KEY_LINE, { hostName: 'elsewhere.example.com.' }),
        authRequest.refutedHost('ann', ANNS_KEY_LINE),
        authRequest.provenHost('ann', ANNS_KEY_LINE, { hostUser: 'bob' }),
      ],
    }),
  },
  {
    name: 'a host where the server does not listen to hosts',
    client: 'wire',
    learns: 'cd',
    play: () => ({
      options: { handlers: byHost() },
      acts: [connect, authRequest.provenHost('ann', ANNS_KEY_LINE)],
    }),
  },
  {
    name: 'a round without questions, then one with',
    client: 'wire',
    learns: 'cqqg',
    play: () => ({
      options: { handlers: byNotice(), authMethods },
      acts: [
        connect,
        authRequest.keyboardInteractive('ann'),
        authRequest.keyboardInteractiveAnswer('ann', []),
        authRequest.keyboardInteractiveAnswer('ann', ['42', 'here']),
      ],
    }),
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
    name: 'names that nobody can have',
    learns: 'cddg',
    play: () => ({
      options: { handlers: handlers() },
      acts: [
        connect,
        authRequest.password('ann\r\nroot', 'secret'),
        authRequest.password('ann\u202Etoor', 'secret'),
        rightPassword,
      ],
    }),
  },
  {
    name: 'a password, then a code',
    client: 'wire',
    learns: 'cdpqdqg',
    play: () => ({
      options: { handlers: bySteps(), authMethods: [...stepMethods] },
      acts: [connect, authRequest.none('ann'), rightPassword, start, answer('41'), start, answer('42')],
    }),
  },
  {
    name: 'a key that is offered, then proven, then offered again, and a code',
    client: 'wire',
    learns: 'ckpdqg',
    play: () => ({
      options: { handlers: bySteps(), authMethods: [...stepMethods] },
      acts: [
        connect,
        authRequest.offeredKey('ann', ANNS_KEY_LINE),
        authRequest.provenKey('ann', ANNS_KEY_LINE),
        authRequest.offeredKey('ann', ANNS_KEY_LINE),
        start,
        answer('42'),
      ],
    }),
  },
  {
    name: 'a code before its turn, and a step that another user has passed',
    client: 'wire',
    learns: 'cdpdd',
    play: () => ({
      options: { handlers: bySteps(), authMethods: [...stepMethods] },
      acts: [connect, start, rightPassword, authRequest.keyboardInteractive('bob'), start],
    }),
  },
  {
    name: 'a password that is to be changed before the last step, and in the last step',
    client: 'wire',
    learns: 'cddqphg',
    play: () => ({
      options: {
        handlers: [
          decide(
            'SSHUserAuthRequest',
            requireMethods(({ user }) => (user === 'ann' ? 'password+code' : 'code+password')),
            { phase: 'limit' },
          ),
          ...byStalePassword(),
          ...askingCode(),
        ],
        authMethods: [...stepMethods],
      },
      acts: [
        connect,
        authRequest.password('ann', 'stale'),
        authRequest.passwordChange('ann', 'stale', 'fresh enough'),
        authRequest.keyboardInteractive('bob'),
        authRequest.keyboardInteractiveAnswer('bob', ['42', 'here']),
        authRequest.password('bob', 'stale'),
        authRequest.passwordChange('bob', 'stale', 'fresh enough'),
      ],
    }),
  },
  {
    name: 'methods that the server does not offer, with what policies would grant',
    client: 'wire',
    learns: 'cdddg',
    play: () => ({
      options: { handlers: [...handlers(), ...byKey(true), ...byCode()], authMethods: ['publickey'] },
      acts: [connect, authRequest.none('ann'), rightPassword, start, authRequest.provenKey('ann', ANNS_KEY_LINE)],
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
