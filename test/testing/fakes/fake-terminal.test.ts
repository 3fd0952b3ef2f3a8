import { describe, expect, it } from 'vitest';

import { decide, denyWhen, grantPassword, type Session, shell } from '../../../src/index.js';
import {
  authRequest,
  fakeTerminal,
  type FakeTerminal,
  type FakeTerminalOptions,
  simulate,
  type SimulateOptions,
  type Simulation,
} from '../../../src/testing/index.js';

const r = authRequest.password('ann', 'right');
const signIn = decide(
  'SSHUserAuthRequest',
  grantPassword(() => true),
);

/** Echoes what is typed and knows a few words. */
async function repl(session: Session): Promise<number> {
  session.signals.subscribe((name) => void session.write(`got ${name}\n`));
  session.terminalSizes.subscribe(({ columns, rows }) => void session.write(`${String(columns)}x${String(rows)}\n`));
  await session.write('> ');
  let line = '';
  for await (const bytes of session.stdin as AsyncIterable<Buffer>) {
    for (const key of bytes.toString()) {
      if (key === '\r') {
        await session.write('\n');
        if (line === 'exit') return 3;
        if (line !== '') await session.write(`you said ${line}\n`);
        line = '';
        await session.write('> ');
      } else if (key === '\x7f') {
        if (line !== '') await session.write('\b \b');
        line = line.slice(0, -1);
      } else {
        line += key;
        await session.write(key);
      }
    }
  }
  return 0;
}

/** A user who has signed in, and who sits at a terminal. */
interface Desk extends AsyncDisposable {
  readonly simulation: Simulation;
  readonly terminal: FakeTerminal;
}

async function sitDown({ handlers = [] }: SimulateOptions = {}, look: FakeTerminalOptions = {}): Promise<Desk> {
  const simulation = await simulate({ handlers: [signIn, shell(repl), ...handlers] });
  const ann = simulation.client('192.0.2.7', 'cr', { r });
  await simulation.run();
  return {
    simulation,
    terminal: fakeTerminal(ann, look),
    [Symbol.asyncDispose]: () => simulation[Symbol.asyncDispose](),
  };
}

describe('fakeTerminal', () => {
  it('shows what a program writes and a user types', async () => {
    await using desk = await sitDown();
    const { simulation, terminal } = desk;

    expect(await terminal.open()).toBe('open');
    await simulation.run('1ms');
    expect(terminal.lines).toEqual(['>']);
    expect(terminal.cursor).toEqual({ row: 0, column: 2 });
    await terminal.type('helo\x7flo\r');
    await simulation.run('1ms');
    expect(terminal.lines).toEqual(['> hello', 'you said hello', '>']);
    await terminal.type('wai');
    await simulation.run('1ms');
    expect(terminal.line).toBe('> wai');
    expect(terminal.output).toContain('\r\nyou said hello\r\n> ');
    expect(terminal.isOpen).toBe(true);
    expect(terminal.exit).toBeUndefined();
  });

  it('tells how the shell has ended', async () => {
    await using desk = await sitDown();
    const { simulation, terminal } = desk;
    await terminal.open();
    await terminal.type('exit\r');
    await simulation.run('1ms');

    expect(terminal.exit).toBe(3);
    expect(terminal.isOpen).toBe(false);
  });

  it('types key by key if it has a latency', async () => {
    await using desk = await sitDown({}, { latencyMs: 100 });
    const { simulation, terminal } = desk;
    await terminal.open();
    const typed = Promise.all([terminal.type('ab'), terminal.type('c\r')]);
    await simulation.run('250ms');
    expect(terminal.line).toBe('> ab');
    await simulation.run('200ms');
    await typed;
    expect(terminal.lines).toEqual(['> abc', 'you said abc', '>']);
  });

  it('has the size that it was given, tells of another and shows it', async () => {
    await using desk = await sitDown({}, { columns: 20, rows: 3, term: 'vt100' });
    const { simulation, terminal } = desk;
    const requests: unknown[] = [];
    simulation.server.events.SSHChannelRequest.subscribe(({ detail }) => requests.push(detail));
    await terminal.open();
    await terminal.resize({ columns: 8 });
    await terminal.type('0123456789');
    await simulation.run('1ms');

    expect(requests).toMatchObject([
      { type: 'pty-req', term: 'vt100', columns: 20, rows: 3 },
      { type: 'shell' },
      { type: 'window-change', columns: 8, rows: 3 },
    ]);
    expect(terminal.history).toEqual(['> 8x3', '01234567', '89']);
  });

  it('sends signals, the end of input and the end of the window', async () => {
    await using desk = await sitDown();
    const { simulation, terminal } = desk;
    await terminal.open();
    await terminal.signal('INT');
    await simulation.run('1ms');
    expect(terminal.lines).toEqual(['> got INT']);
    await terminal.eof();
    await simulation.run('1ms');
    expect(terminal.exit).toBe(0);

    await terminal.open();
    expect(terminal.isOpen).toBe(true);
    await terminal.close();
    await simulation.run('1ms');
    expect(terminal.isOpen).toBe(false);
    expect(simulation.server.connections[0]?.channelCount).toBe(0);
  });

  it('keeps apart what two terminals of one client show', async () => {
    await using simulation = await simulate({ handlers: [signIn, shell(repl)] });
    const ann = simulation.client('192.0.2.7', 'cr', { r });
    await simulation.run();
    const [one, other] = [fakeTerminal(ann), fakeTerminal(ann)];
    await one.open();
    await other.open();
    await one.type('one');
    await other.type('other');
    await simulation.run('1ms');

    expect(one.lines).toEqual(['> one']);
    expect(other.lines).toEqual(['> other']);
  });

  it.each([
    [
      'no session',
      decide(
        'SSHChannelOpenRequest',
        denyWhen(() => true),
      ),
    ],
    [
      'no terminal',
      decide(
        'SSHChannelRequest',
        denyWhen(({ requestType }) => requestType === 'pty-req'),
      ),
    ],
    [
      'no shell',
      decide(
        'SSHChannelRequest',
        denyWhen(({ requestType }) => requestType === 'shell'),
      ),
    ],
  ] as const)('says what was refused: %s', async (refused, policy) => {
    await using desk = await sitDown({ handlers: [policy] });
    expect(await desk.terminal.open()).toBe(refused);
  });

  it('is told to be opened first', async () => {
    await using desk = await sitDown();
    await expect(desk.terminal.type('x')).rejects.toThrow('call open() first');
  });
});
