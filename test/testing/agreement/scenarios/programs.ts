import { tap } from 'rxjs';

import { acceptEnvironment, allowCommands, decide, exec, on, shell, subsystem } from '../../../../src/index.js';
import { act, channelOpen, channelRequest } from '../../../../src/testing/index.js';
import { pass, type Act, type Scenario } from '../scenario.js';
import { denyRequests } from './refuse.js';
import { passwordSecret, signIn } from './sign-in.js';

const session = channelOpen.session();
const run = (command: string): Act => [session, channelRequest.exec(command)];
const PTY = channelRequest.pty({ term: 'vt100', columns: 100, rows: 30, widthPixels: 800, heightPixels: 600 });
const env = (name: string, value: string, wantReply = false) => channelRequest.env(name, value, { wantReply });

const PROGRAMS = [
  exec('hello', () => ['hello, ', 'world\n']),
  exec('status', () => [3]),
  exec('both', async (it) => {
    it.stderr.write('careful\n');
    await it.write('done\n');
    return 1;
  }),
  exec('fail', () => {
    throw new Error('no such luck');
  }),
  exec('fail later', async function* () {
    yield 'half of it\n';
    await Promise.resolve();
    throw new Error('no such luck');
  }),
  exec('die', () => [{ exitSignal: 'KILL' }]),
  exec('cat', async function* (it) {
    for await (const chunk of it.stdin) yield chunk as Buffer;
    yield 0;
  }),
  exec('count', async (it) => {
    let bytes = 0;
    for await (const chunk of it.stdin) bytes += (chunk as Buffer).length;
    await it.write(`${String(bytes)}\n`);
    return 0;
  }),
  exec('much', () => ['x'.repeat(100_000)]),
  exec('env', (it) => [...it.environment].map(([name, value]) => `${name}=${value}\n`)),
  exec(
    'wait',
    (it) =>
      new Promise((resolve) => {
        it.signal.addEventListener('abort', () => {
          resolve(0);
        });
      }),
  ),
];

const handlers = () => [passwordSecret(), ...PROGRAMS];

const scenario = (name: string, learns: string, acts: readonly Act[], client?: 'wire'): Scenario => ({
  name,
  learns,
  ...(client === undefined ? {} : { client }),
  play: () => ({ options: { handlers: handlers() }, acts: [...signIn, ...acts] }),
});

/** What runs on session channels. */
export const programs: readonly Scenario[] = [
  scenario('a command', 'cgoyez', [run('hello')]),
  scenario('a command that ends with a status', 'cgoyez', [run('status')]),
  scenario('a command that writes to both its streams', 'cgoyez', [run('both')]),
  scenario('a command that throws at once', 'cgoyez', [run('fail')]),
  scenario('a command that fails in the middle', 'cgoyez', [run('fail later')]),
  scenario('a command that dies of a signal', 'cgoyez', [run('die')]),
  scenario('a command that nobody serves', 'cgon', [run('rm -rf /')]),
  scenario('a command that reads what the client sends', 'cgoyez', [
    run('cat'),
    act.data('hear '),
    act.data('me\n'),
    act.eof(),
  ]),
  scenario('input of several packets', 'cgoyez', [run('count'), act.data(Buffer.alloc(100_000, 'x')), act.eof()]),
  scenario('input of more than a window', 'cgoyez', [
    run('count'),
    act.data(Buffer.alloc(3 * 2 ** 20, 'x')),
    act.eof(),
  ]),
  scenario('output of several packets', 'cgoyez', [run('much')]),
  scenario('one command after the other', 'cgoyezoyezoyez', [run('hello'), run('status'), run('hello')]),
  scenario('two commands at once', 'cgoyoyezez', [
    run('cat'),
    run('cat'),
    act.onChannel(1, act.data('one')),
    act.onChannel(2, act.data('two')),
    act.onChannel(2, act.eof()),
    act.onChannel(1, act.eof()),
  ]),
  scenario('a channel that the client closes early', 'cgoyz', [run('wait'), act.close()]),
  scenario('a client that goes while its command runs', 'cgoy', [run('wait'), act.hangUp()]),
  scenario(
    'a network that breaks while a command runs',
    'cgoy',
    [session, channelRequest.exec('wait'), act.reset()],
    'wire',
  ),
  scenario(
    'a second program on one channel',
    'cgoyn',
    [session, channelRequest.exec('wait'), channelRequest.exec('hello')],
    'wire',
  ),
  scenario(
    'a program that nobody waits to hear of',
    'cgoez',
    [session, channelRequest.exec('hello', { wantReply: false })],
    'wire',
  ),
  scenario('variables that no policy accepts', 'cgoyez', [[session, env('LANG', 'C'), channelRequest.exec('env')]]),
  {
    name: 'variables, some accepted and some not',
    learns: 'cgoyez',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHChannelRequest', acceptEnvironment(['LANG', 'LC_*']))] },
      acts: [
        ...signIn,
        [session, env('LANG', 'C'), env('LD_PRELOAD', 'x'), env('LC_ALL', 'C'), channelRequest.exec('env')],
      ],
    }),
  },
  {
    name: 'variables that the client waits for',
    client: 'wire',
    learns: 'cgoynyez',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHChannelRequest', acceptEnvironment(['LANG']))] },
      acts: [...signIn, session, env('LANG', 'C', true), env('HOME', '/', true), channelRequest.exec('env')],
    }),
  },
  {
    name: 'commands that a policy allows, and others',
    learns: 'cgoyezon',
    play: () => ({
      options: { handlers: [...handlers(), decide('SSHChannelRequest', allowCommands(['hello']))] },
      acts: [...signIn, run('hello'), run('status')],
    }),
  },
  {
    name: 'a shell with a terminal, its size and its signals',
    learns: 'cgoyyez',
    play: () => ({
      options: {
        handlers: [
          passwordSecret(),
          shell(async (it) => {
            it.terminalSizes.subscribe(({ columns, rows }) => void it.write(`${String(columns)}x${String(rows)}\n`));
            it.signals.subscribe((name) => void it.write(`${name}\n`));
            await it.write(`${it.terminal?.type ?? ''}\n`);
            for await (const line of it.lines) {
              if (line === 'exit') return 0;
              await it.write(`> ${line}\n`);
            }
            return 1;
          }),
        ],
      },
      acts: [
        ...signIn,
        [session, PTY, channelRequest.shell()],
        act.data('hello\r'),
        channelRequest.windowChange({ columns: 132, rows: 43, widthPixels: 1056, heightPixels: 688 }),
        channelRequest.signal('INT'),
        act.data('exit\r'),
      ],
    }),
  },
  {
    name: 'a terminal that a policy refuses',
    learns: 'cgonz',
    play: () => ({
      options: {
        handlers: [passwordSecret(), decide('SSHChannelRequest', denyRequests('pty-req')), shell(() => ['welcome'])],
      },
      acts: [...signIn, [session, PTY, channelRequest.shell()]],
    }),
  },
  {
    name: 'a shell that nobody serves',
    learns: 'cgon',
    play: () => ({ options: { handlers: handlers() }, acts: [...signIn, [session, channelRequest.shell()]] }),
  },
  {
    name: 'subsystems, one that is served and one that is not',
    learns: 'cgoyezon',
    play: () => ({
      options: { handlers: [passwordSecret(), subsystem('echo', (it) => it.stdin)] },
      acts: [
        ...signIn,
        [session, channelRequest.subsystem('echo')],
        act.data(Buffer.of(0, 1, 2)),
        act.eof(),
        [session, channelRequest.subsystem('sftp')],
      ],
    }),
  },
  {
    name: 'a command that takes its time',
    learns: 'cgoyez',
    play: () => {
      let finish = (): void => undefined;
      const slow = exec('slow', async () => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return 0;
      });
      return {
        options: { handlers: [passwordSecret(), slow] },
        acts: [
          ...signIn,
          run('slow'),
          pass(5000),
          () => {
            finish();
          },
        ],
      };
    },
  },
  {
    name: 'an observer that listens to all that clients send',
    learns: 'cgoyez',
    play: () => ({
      options: { handlers: [...handlers(), on('SSHChannelDataIn', tap())] },
      acts: [...signIn, run('cat'), act.data('hear me'), act.eof()],
    }),
  },
];
