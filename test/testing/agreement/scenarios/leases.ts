import { of, Subject } from 'rxjs';

import {
  bandwidth,
  decide,
  exec,
  idleTimeout,
  type LeaseSignal,
  leaseEach,
  quota,
  revokedBy,
  sessionLimit,
  takeOver,
} from '../../../../src/index.js';
import { act, channelOpen, channelRequest } from '../../../../src/testing/index.js';
import { type Act, bob, pass, type Scenario } from '../scenario.js';
import { connect, passwordSecret, rightPassword, signIn } from './sign-in.js';

const session = channelOpen.session();
const wait = exec('wait', (it) => it.stdin);
const run: Act = [session, channelRequest.exec('wait')];
const handlers = () => [passwordSecret(), wait];

/** Permissions that do not last. */
export const leases: readonly Scenario[] = [
  {
    name: 'a login that is taken back at once',
    learns: 'cgx',
    play: () => ({
      options: {
        handlers: [
          ...handlers(),
          decide(
            'SSHUserAuthRequest',
            leaseEach('at once', () => of({ type: 'revoke', reason: 'not today' })),
          ),
        ],
      },
      acts: [...signIn],
    }),
  },
  {
    name: 'a connection that is taken back at once',
    learns: 'r',
    play: () => ({
      options: {
        handlers: [
          ...handlers(),
          decide(
            'ConnectionRequest',
            leaseEach('at once', () => of({ type: 'revoke', reason: 'not today' })),
          ),
        ],
      },
      acts: [connect],
    }),
  },
  {
    name: 'a channel that is taken back at once',
    learns: 'cgoz',
    play: () => ({
      options: {
        handlers: [
          ...handlers(),
          decide(
            'SSHChannelOpenRequest',
            leaseEach('at once', () => of({ type: 'revoke', reason: 'not today' })),
          ),
        ],
      },
      acts: [...signIn, session],
    }),
    client: 'wire',
  },
  {
    name: 'a command that is taken back at once',
    learns: 'cgoyez',
    play: () => ({
      options: {
        handlers: [
          ...handlers(),
          decide(
            'SSHChannelRequest',
            leaseEach('at once', () => of({ type: 'revoke', reason: 'not today' })),
          ),
        ],
      },
      acts: [...signIn, run],
    }),
  },
  {
    name: 'a login that is taken back on a signal, while a command runs',
    learns: 'cgoyezx',
    play: () => {
      const fired = new Subject<string>();
      return {
        options: { handlers: [...handlers(), decide('SSHUserAuthRequest', revokedBy(fired))] },
        acts: [
          ...signIn,
          run,
          () => {
            fired.next('your account was\nlocked');
          },
        ],
      };
    },
  },
  {
    name: 'a login that is taken back with time to finish',
    learns: 'cgoyezx',
    play: () => {
      const fired = new Subject<string>();
      return {
        options: { handlers: [...handlers(), decide('SSHUserAuthRequest', revokedBy(fired, { graceMs: 5000 }))] },
        acts: [
          ...signIn,
          run,
          () => {
            fired.next('the office closes');
          },
          pass(4999),
          act.data('so soon'),
          pass(1),
        ],
      };
    },
  },
  {
    name: 'a channel that is taken back, and not the next',
    learns: 'cgoyezoyez',
    play: () => {
      const fired = new Subject<string>();
      return {
        options: { handlers: [...handlers(), decide('SSHChannelOpenRequest', revokedBy(fired))] },
        acts: [
          ...signIn,
          run,
          () => {
            fired.next('enough');
          },
          run,
          act.data('still here'),
          act.eof(),
        ],
      };
    },
  },
  {
    name: 'a lease that warns, and ends without a word',
    learns: 'cgoyez',
    play: () => {
      const says = new Subject<LeaseSignal>();
      return {
        options: {
          handlers: [
            ...handlers(),
            decide(
              'SSHUserAuthRequest',
              leaseEach('speaker', () => says),
            ),
          ],
        },
        acts: [
          ...signIn,
          run,
          () => {
            says.next({ type: 'warn', message: 'lunch is at noon' });
          },
          () => {
            says.complete();
          },
          act.eof(),
        ],
      };
    },
  },
  {
    name: 'a warning for a user who has no session',
    learns: 'cgw',
    play: () => {
      const says = new Subject<LeaseSignal>();
      return {
        options: {
          handlers: [
            ...handlers(),
            decide(
              'SSHUserAuthRequest',
              leaseEach('speaker', () => says),
            ),
          ],
        },
        acts: [
          ...signIn,
          () => {
            says.next({ type: 'warn', message: 'lunch is at noon\u001b[2J' });
          },
        ],
      };
    },
  },
  {
    name: 'a command that stops when it is told to, within its time',
    learns: 'cgoyezx',
    play: () => {
      const fired = new Subject<string>();
      const patient = exec(
        'patient',
        (it) =>
          new Promise((resolve) => {
            it.signal.addEventListener('abort', () => {
              void it.write('saved\n');
              resolve(0);
            });
          }),
      );
      return {
        options: {
          handlers: [passwordSecret(), patient, decide('SSHUserAuthRequest', revokedBy(fired, { graceMs: 5000 }))],
        },
        acts: [
          ...signIn,
          [session, channelRequest.exec('patient')],
          () => {
            fired.next('the office closes');
          },
        ],
      };
    },
  },
  {
    name: 'a lease that fails',
    learns: 'cgx',
    play: () => {
      const says = new Subject<LeaseSignal>();
      return {
        options: {
          handlers: [
            ...handlers(),
            decide(
              'SSHUserAuthRequest',
              leaseEach('speaker', () => says),
            ),
          ],
        },
        acts: [
          ...signIn,
          () => {
            says.error(new Error('the directory is down'));
          },
        ],
      };
    },
  },
  {
    name: 'a session that lasts forty minutes, and warns before',
    learns: 'cgoyezx',
    play: () => ({
      options: {
        handlers: [
          ...handlers(),
          decide('SSHUserAuthRequest', sessionLimit({ limitMs: 2_400_000, warnBeforeMs: 60_000 })),
        ],
      },
      acts: [...signIn, run, pass(2_339_999), pass(1), pass(59_999), pass(1)],
    }),
  },
  {
    name: 'a session that is used for more than an hour, whose keys are renewed',
    learns: 'cgoyez',
    play: () => ({
      options: { handlers: handlers() },
      acts: [...signIn, run, pass(3_600_000), act.data('x'), act.data('y'), act.eof(), pass(1000)],
    }),
  },
  {
    name: 'a channel that lasts a minute',
    learns: 'cgoyoyezez',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHChannelOpenRequest', sessionLimit({ limitMs: 60_000 }))] },
      acts: [...signIn, run, pass(30_000), run, pass(30_000), pass(30_000)],
    }),
  },
  {
    name: 'a client that falls asleep, having woken once',
    learns: 'cgoyezx',
    play: () => ({
      options: {
        handlers: [...handlers(), decide('SSHUserAuthRequest', idleTimeout({ idleMs: 60_000, warnBeforeMs: 0 }))],
      },
      acts: [...signIn, run, pass(50_000), act.data('x'), pass(50_000), pass(10_000)],
    }),
  },
  {
    name: 'a quota that is used up',
    learns: 'cgoyezx',
    play: () => ({
      options: {
        handlers: [...handlers(), decide('SSHUserAuthRequest', quota({ bytes: 1000, windowMs: 86_400_000 }))],
      },
      acts: [...signIn, run, act.data('x'.repeat(400)), act.data('x'.repeat(400))],
    }),
  },
  {
    name: 'a second login that takes the place of the first',
    learns: 'cgoycgezx',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHUserAuthRequest', takeOver())] },
      acts: [...signIn, run, bob(connect), bob(rightPassword)],
    }),
  },
  {
    name: 'a client whose output is slowed down',
    learns: 'cgoyez',
    play: () => ({
      options: {
        handlers: [
          passwordSecret(),
          exec('much', () => ['x'.repeat(30_000)]),
          decide('SSHUserAuthRequest', bandwidth({ sendBytesPerSecond: 10_000 })),
        ],
      },
      acts: [...signIn, [session, channelRequest.exec('much')], ...Array.from({ length: 50 }, () => pass(100))],
    }),
  },
];
