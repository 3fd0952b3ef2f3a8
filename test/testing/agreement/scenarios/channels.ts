import {
  decide,
  DenyReason,
  exec,
  maxChannels,
  type SSHChannelOpenRequest,
  type SSHChannelRequest,
  type SSHUserAuthRequest,
} from '../../../../src/index.js';
import { act, authRequest, channelOpen, channelRequest } from '../../../../src/testing/index.js';
import { later } from '../../../support/later.js';
import { wireBytes } from '../../../support/wire-bytes.js';
import type { Act, Scenario } from '../scenario.js';
import { denyChannels } from './refuse.js';
import { passwordSecret, signIn } from './sign-in.js';

const session = channelOpen.session();
const wait = exec('wait', (it) => it.stdin);
const handlers = () => [passwordSecret(), wait];
const run: Act = [session, channelRequest.exec('wait')];

/** Channels, whatever runs on them. */
export const channels: readonly Scenario[] = [
  {
    name: 'a session that a policy refuses',
    learns: 'cgf',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHChannelOpenRequest', denyChannels(DenyReason.NotPermitted))] },
      acts: [...signIn, run],
    }),
  },
  {
    name: 'a session that is refused for want of room',
    learns: 'cgf',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHChannelOpenRequest', denyChannels(DenyReason.LimitReached))] },
      acts: [...signIn, run],
    }),
  },
  {
    name: 'more channels than the protocol takes, until one has closed',
    learns: 'cgoyoyfezoy',
    play: () => ({
      options: { handlers: handlers(), limits: { maxChannels: 2 } },
      acts: [...signIn, run, run, run, act.onChannel(1, act.eof()), run],
    }),
  },
  {
    name: 'more channels than a policy takes, until one has closed',
    learns: 'cgoyfzoy',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHChannelOpenRequest', maxChannels(1))] },
      acts: [...signIn, run, run, act.onChannel(1, act.close()), run],
    }),
  },
  {
    name: 'a session with nothing on it',
    client: 'wire',
    learns: 'cgoz',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, session, act.data('lost'), act.eof(), act.close()],
    }),
  },
  {
    name: 'a type of channel that the server does not know',
    client: 'wire',
    learns: 'cgf',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, channelOpen.other('telepathy@example.com', wireBytes('thought'))],
    }),
  },
  {
    name: 'a request that the server does not know',
    client: 'wire',
    learns: 'cgony',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, session, channelRequest.other('x@example.com', wireBytes('why')), channelRequest.exec('wait')],
    }),
  },
  {
    name: 'a request whose data are cut off',
    client: 'wire',
    learns: 'cgon',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, session, channelRequest.other('exec', Buffer.of(0, 0, 0, 9, 1))],
    }),
  },
  {
    name: 'data for a channel that was never open',
    client: 'wire',
    learns: 'cgx',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, act.send(wireBytes(94, [7], 'data'))],
    }),
  },
  {
    name: 'more data than the window takes',
    client: 'wire',
    learns: 'cgoyx',
    play: () => ({
      options: {
        handlers: [passwordSecret(), exec('idle', () => new Promise(() => undefined))],
        limits: { windowSize: 32 * 1024 },
      },
      acts: [
        ...signIn,
        session,
        channelRequest.exec('idle'),
        act.send(wireBytes(94, [0], [32 * 1024], Buffer.alloc(32 * 1024))),
        act.send(wireBytes(94, [0], [1], Buffer.alloc(1))),
      ],
    }),
  },
  {
    name: 'data after the end of data',
    client: 'wire',
    learns: 'cgoy',
    play: () => ({
      options: { handlers: [passwordSecret(), exec('idle', () => new Promise(() => undefined))] },
      acts: [
        ...signIn,
        session,
        channelRequest.exec('idle'),
        act.send(wireBytes(96, [0])),
        act.send(wireBytes(94, [0], 'late')),
      ],
    }),
  },
  {
    name: 'data for a channel that has closed',
    client: 'wire',
    learns: 'cgozx',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, session, act.close(), act.send(wireBytes(94, [0], 'late'))],
    }),
  },
  {
    name: 'authentication once more, after it',
    client: 'wire',
    learns: 'cgo',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, act.send(wireBytes(50, 'bob', 'ssh-connection', 'none')), session],
    }),
  },
  {
    name: 'keys renewed while a program runs',
    client: 'wire',
    learns: 'cgoyez',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, session, channelRequest.exec('wait'), act.rekey(), act.data('behind'), act.eof()],
    }),
  },
  {
    name: 'a client that goes while a session is decided',
    client: 'wire',
    learns: 'cg',
    play: () => {
      const desk = later<SSHChannelOpenRequest>();
      return {
        options: { handlers: [...handlers(), decide('SSHChannelOpenRequest', desk.policy)] },
        acts: [...signIn, session, act.atOnce(act.hangUp()), () => desk.answers[0]?.()],
      };
    },
  },
  {
    name: 'a channel that closes while its command is decided',
    client: 'wire',
    learns: 'cgoz',
    play: () => {
      const desk = later<SSHChannelRequest>();
      return {
        options: { handlers: [...handlers(), decide('SSHChannelRequest', desk.policy)] },
        acts: [...signIn, session, channelRequest.exec('wait'), act.atOnce(act.close()), () => desk.answers[0]?.()],
      };
    },
  },
  {
    name: 'data sent ahead of the answer',
    client: 'wire',
    learns: 'cgoyez',
    play: () => {
      const desk = later<SSHChannelRequest>();
      return {
        options: { handlers: [...handlers(), decide('SSHChannelRequest', desk.policy)] },
        acts: [
          ...signIn,
          session,
          channelRequest.exec('wait'),
          act.atOnce(act.data('ahead')),
          act.atOnce(act.eof()),
          () => desk.answers[0]?.(),
        ],
      };
    },
  },
  {
    name: 'passwords sent ahead of the answer',
    client: 'wire',
    learns: 'cdg',
    play: () => {
      const desk = later<SSHUserAuthRequest>();
      return {
        options: { handlers: [decide('SSHUserAuthRequest', desk.policy), ...handlers()] },
        acts: [
          ...signIn.slice(0, 1),
          authRequest.password('ann', 'guess'),
          act.atOnce(authRequest.password('ann', 'secret')),
          () => desk.answers[0]?.(),
          () => desk.answers[1]?.(),
        ],
      };
    },
  },
];
