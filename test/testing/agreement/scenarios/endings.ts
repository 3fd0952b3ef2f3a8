import { map } from 'rxjs';

import {
  decide,
  deny,
  denyUsers,
  DenyReason,
  exec,
  type SSHChannelOpenRequest,
  type SSHUserAuthRequest,
} from '../../../../src/index.js';
import { act, channelOpen, channelRequest } from '../../../../src/testing/index.js';
import { later } from '../../../support/later.js';
import { type Act, bob, pass, type Scenario } from '../scenario.js';
import { connect, passwordSecret, rightPassword, signIn } from './sign-in.js';

const session = channelOpen.session();
const wait = exec('wait', (it) => it.stdin);
const run: Act = [session, channelRequest.exec('wait')];
const noChannels = () =>
  decide(
    'SSHChannelOpenRequest',
    map((verdict) => deny<SSHChannelOpenRequest>(verdict, 'no channels', DenyReason.NotPermitted)),
    { source: 'Desk.close' },
  );

/** How connections end that the server ends, and what changes under way. */
export const endings: readonly Scenario[] = [
  {
    name: 'a shutdown while commands run',
    learns: 'cgoycxx',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [...signIn, run, bob(connect), (stage) => void stage.server.shutdown()],
    }),
  },
  {
    name: 'a shutdown that lets a command finish',
    learns: 'cgoycxezx',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [
        ...signIn,
        run,
        bob(connect),
        (stage) => void stage.server.shutdown({ graceMs: 10_000 }),
        act.data('last words'),
        act.eof(),
      ],
    }),
  },
  {
    name: 'a shutdown that lets a command finish, up to a point',
    learns: 'cgoyfx',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [...signIn, run, (stage) => void stage.server.shutdown({ graceMs: 10_000 }), run, pass(9999), pass(1)],
    }),
  },
  {
    name: 'a connection that comes after the shutdown',
    learns: 'r',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [(stage) => stage.server.shutdown(), connect],
    }),
  },
  {
    name: 'a connection that the application ends',
    learns: 'cgoyx',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [
        ...signIn,
        run,
        ({ server }) => {
          for (const connection of server.connections) connection.disconnect('maintenance', 'BY_APPLICATION');
        },
      ],
    }),
  },
  {
    name: 'keys that the server renews',
    learns: 'cgoyez',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [
        ...signIn,
        run,
        ({ server }) => {
          for (const connection of server.connections) connection.exchangeKeys();
        },
        pass(1),
        act.data('with new keys'),
        act.eof(),
      ],
    }),
  },
  {
    name: 'new handlers that take back what the old ones granted',
    learns: 'cgoyezxcd',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [
        ...signIn,
        run,
        (stage) => void stage.server.replaceHandlers({ add: [decide('SSHUserAuthRequest', denyUsers(['ann']))] }),
        connect,
        rightPassword,
      ],
    }),
  },
  {
    name: 'new handlers that take back a channel, and not the login',
    learns: 'cgoyezf',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [...signIn, run, (stage) => void stage.server.replaceHandlers({ add: [noChannels()] }), run],
    }),
  },
  {
    name: 'new handlers that are asked about new requests alone',
    learns: 'cgoyf',
    play: () => ({
      options: { handlers: [passwordSecret(), wait] },
      acts: [
        ...signIn,
        run,
        (stage) => void stage.server.replaceHandlers({ add: [noChannels()], reevaluate: false }),
        act.data('still here'),
        run,
      ],
    }),
  },
  {
    name: 'new handlers in the middle of a decision',
    learns: 'cgx',
    play: () => {
      const desk = later<SSHUserAuthRequest>();
      const waiting = decide('SSHUserAuthRequest', desk.policy);
      return {
        options: { handlers: [waiting, passwordSecret()] },
        acts: [
          connect,
          rightPassword,
          (stage) =>
            void stage.server.replaceHandlers({
              remove: [waiting],
              add: [decide('SSHUserAuthRequest', denyUsers(['ann']))],
            }),
          () => desk.answers[0]?.(),
        ],
      };
    },
  },
];
