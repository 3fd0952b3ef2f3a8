import {
  allowFrom,
  type ConnectionRequest,
  decide,
  decideEach,
  DenyReason,
  deny,
  maxConnections,
} from '../../../../src/index.js';
import { act, authRequest, serviceRequest } from '../../../../src/testing/index.js';
import { wireBytes } from '../../../support/wire-bytes.js';
import { later } from '../../../support/later.js';
import { bob, pass, type Scenario } from '../scenario.js';
import { connect, passwordSecret, rightPassword, signIn, wrongPassword } from './sign-in.js';

const handlers = () => [passwordSecret()];

/** How far a connection gets before anybody signs in. */
export const connecting: readonly Scenario[] = [
  {
    name: 'connecting and saying goodbye',
    learns: 'c',
    play: () => ({ options: { handlers: handlers() }, acts: [connect, act.disconnect('')] }),
  },
  {
    name: 'saying goodbye with a reason that is not printable',
    client: 'wire',
    learns: 'cg',
    play: () => ({ options: { handlers: handlers() }, acts: [...signIn, act.disconnect('bye\u001b[2J')] }),
  },
  {
    name: 'hanging up',
    learns: 'c',
    play: () => ({ options: { handlers: handlers() }, acts: [connect, act.hangUp()] }),
  },
  {
    name: 'a network that breaks',
    client: 'wire',
    learns: 'cg',
    play: () => ({ options: { handlers: handlers() }, acts: [...signIn, act.reset()] }),
  },
  {
    name: 'an address that may not connect',
    learns: 'rc',
    play: () => ({
      options: { handlers: [decide('ConnectionRequest', allowFrom(['198.51.100.0/24'])), passwordSecret()] },
      acts: [connect, bob(connect)],
    }),
  },
  {
    name: 'more connections than the server takes',
    learns: 'cr',
    play: () => ({
      options: { handlers: handlers(), admission: { maxConnections: 1 } },
      acts: [connect, bob(connect)],
    }),
  },
  {
    name: 'more connections than a policy takes, until one has gone',
    learns: 'crc',
    play: () => ({
      options: { handlers: [decide('ConnectionRequest', maxConnections(1)), passwordSecret()] },
      acts: [connect, bob(connect), act.hangUp(), bob(connect)],
    }),
  },
  {
    name: 'more connections of one address than it may have',
    learns: 'crc',
    play: () => ({
      options: { handlers: handlers(), admission: { maxPerSource: 1 } },
      acts: [connect, (stage) => stage.take('carol', connect), bob(connect)],
    }),
  },
  {
    name: 'a client that the server does not serve',
    client: 'wire',
    learns: 'x',
    play: () => ({
      options: { handlers: handlers(), clientVersions: ['SSH-2.0-OpenSSH_*'], logLevel: 2 },
      acts: [connect],
    }),
  },
  {
    name: 'a banner for one user',
    learns: 'cdbdg',
    play: () => ({
      options: {
        handlers: handlers(),
        banner: ({ user }) => (user === 'ann' ? 'Hello\u001b ann\nfrom afar' : undefined),
        logLevel: 2,
      },
      acts: [connect, authRequest.password('eve', 'wrong'), authRequest.password('ann', 'wrong'), rightPassword],
    }),
  },
  {
    name: 'a banner and a greeting that fail',
    learns: 'cg',
    play: () => ({
      options: {
        handlers: handlers(),
        banner: () => {
          throw new Error('no banner');
        },
        greeting: () => 'SSH-2.0-me',
      },
      acts: [...signIn],
    }),
  },
  {
    name: 'everything that a log of requests tells',
    client: 'wire',
    learns: 'cdg',
    play: () => ({
      options: { handlers: handlers(), logLevel: 2 },
      acts: [connect, wrongPassword, rightPassword, act.rekey(), act.disconnect('')],
    }),
  },
  {
    name: 'being let in late',
    learns: 'c',
    play: () => {
      const door = later<ConnectionRequest>();
      return {
        options: { handlers: [decide('ConnectionRequest', door.policy), passwordSecret()] },
        acts: [connect, () => door.answers[0]?.()],
      };
    },
  },
  {
    name: 'a broken network in the middle of the decision on connecting',
    client: 'wire',
    learns: '',
    play: () => {
      const door = later<ConnectionRequest>();
      return {
        options: { handlers: [decide('ConnectionRequest', door.policy), passwordSecret()] },
        acts: [connect, act.atOnce(act.reset()), () => door.answers[0]?.()],
      };
    },
  },
  {
    name: 'hanging up in the middle of the decision on connecting',
    client: 'wire',
    learns: '',
    play: () => {
      const door = later<ConnectionRequest>();
      return {
        options: { handlers: [decide('ConnectionRequest', door.policy), passwordSecret()] },
        acts: [connect, act.atOnce(act.hangUp()), () => door.answers[0]?.()],
      };
    },
  },
  {
    name: 'a login that takes too long',
    learns: 'cx',
    play: () => ({ options: { handlers: handlers(), loginGraceMs: 20_000 }, acts: [connect, pass(20_000)] }),
  },
  {
    name: 'a service that no policy grants',
    learns: 'x',
    play: () => ({
      options: {
        handlers: [
          decide(
            'SSHServiceRequest',
            decideEach('closed', (verdict) => deny(verdict, 'closed', DenyReason.NotPermitted)),
          ),
        ],
      },
      acts: [connect],
    }),
  },
  {
    name: 'a service other than ssh-userauth',
    client: 'wire',
    learns: 'cx',
    play: () => ({ options: { handlers: handlers() }, acts: [connect, serviceRequest('ssh-connection')] }),
  },
  {
    name: 'the same service again',
    client: 'wire',
    learns: 'cg',
    play: () => ({
      options: { handlers: handlers() },
      acts: [connect, serviceRequest('ssh-userauth'), authRequest.password('ann', 'secret')],
    }),
  },
  {
    name: 'a message of the connection protocol before authentication',
    client: 'wire',
    learns: 'cx',
    play: () => ({
      options: { handlers: handlers() },
      acts: [connect, act.send(wireBytes(80, 'keepalive@openssh.com', 1))],
    }),
  },
  {
    name: 'a message that no server knows',
    client: 'wire',
    learns: 'cg',
    play: () => ({
      options: { handlers: handlers() },
      acts: [connect, act.send(wireBytes(200, 'what')), authRequest.password('ann', 'secret')],
    }),
  },
  {
    name: 'keys that the client renews',
    client: 'wire',
    learns: 'cg',
    play: () => ({ options: { handlers: handlers() }, acts: [...signIn, act.rekey(), act.rekey()] }),
  },
  {
    name: 'keys renewed more often than one may who has not signed in',
    client: 'wire',
    learns: 'cx',
    play: () => ({
      options: { handlers: handlers(), limits: { maxKeyExchangesBeforeAuth: 2 } },
      acts: [connect, act.rekey(), act.rekey()],
    }),
  },
];
