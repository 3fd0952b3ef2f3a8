import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SessionState, type Terminal, type TerminalSize } from '../../src/protocol/session-state.js';

const terminal: Terminal = { type: 'xterm', columns: 80, rows: 24, widthPixels: 640, heightPixels: 480, modes: {} };
const size: TerminalSize = { columns: 100, rows: 30, widthPixels: 0, heightPixels: 0 };

describe('the environment of a session', () => {
  it('holds what was set, the last value of each name', () => {
    const state = new SessionState();
    expect([state.setVariable('LANG', 'C'), state.setVariable('A', '1'), state.setVariable('LANG', 'de')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([...state.environment]).toEqual([
      ['LANG', 'de'],
      ['A', '1'],
    ]);
  });

  it('takes 64 variables and no more, but lets each be changed', () => {
    const state = new SessionState();
    for (let i = 0; i < 64; i += 1) expect(state.setVariable(`V${String(i)}`, '')).toBe(true);
    expect(state.setVariable('V64', '')).toBe(false);
    expect(state.setVariable('V0', 'changed')).toBe(true);
    expect(state.environment.size).toBe(64);
  });

  it('counts bytes, not characters, up to exactly 32 KiB', () => {
    const state = new SessionState();
    expect(state.setVariable('A', 'é'.repeat(16 * 1024))).toBe(false);
    expect(state.setVariable('AB', 'é'.repeat(16 * 1024 - 1))).toBe(true);
    expect(state.setVariable('C', '')).toBe(false);
    expect(state.setVariable('AB', '')).toBe(true);
    expect(state.setVariable('C', '')).toBe(true);
  });

  it('refuses what no environment can hold', () => {
    const state = new SessionState();
    for (const [name, value] of [
      ['', 'x'],
      ['A=B', 'x'],
      ['A\0', 'x'],
      ['A', 'x\0y'],
    ] as const) {
      expect(state.setVariable(name, value)).toBe(false);
    }
    expect(state.environment.size).toBe(0);
  });

  it('is settled once the program has started', () => {
    const state = new SessionState();
    state.start('shell');
    expect(state.setVariable('LANG', 'C')).toBe(false);
  });

  it('never exceeds its limits, whatever is set', () => {
    const variable = fc.tuple(
      fc.string({ unit: 'grapheme', maxLength: 4 }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(variable), (variables) => {
        const state = new SessionState({ maxVariables: 3, maxVariableBytes: 50 });
        for (const [name, value] of variables) {
          const before = new Map(state.environment);
          const granted = state.setVariable(name, value);
          expect([...state.environment]).toEqual([...(granted ? before.set(name, value) : before)]);
        }
        expect(state.environment.size).toBeLessThanOrEqual(3);
        expect(Buffer.byteLength([...state.environment].flat().join(''))).toBeLessThanOrEqual(50);
      }),
    );
  });
});

describe('the terminal of a session', () => {
  it('is there once asked for, and asked for once', () => {
    const state = new SessionState();
    expect(state.terminal).toBeUndefined();
    expect(state.openTerminal(terminal)).toBe(true);
    expect(state.openTerminal({ ...terminal, type: 'vt100' })).toBe(false);
    expect(state.terminal).toEqual(terminal);
  });

  it('cannot be had after the program has started', () => {
    const state = new SessionState();
    state.start('shell');
    expect(state.openTerminal(terminal)).toBe(false);
    expect(state.terminal).toBeUndefined();
  });

  it('has its present size and tells each new one', () => {
    const state = new SessionState();
    const seen: TerminalSize[] = [];
    state.openTerminal(terminal);
    state.onResize((it) => seen.push(it));
    expect(state.resize(size)).toBe(true);
    expect(seen).toEqual([size]);
    expect(state.terminal).toEqual({ ...terminal, ...size });
  });

  it('keeps columns or rows that are said to be zero (RFC 4254 section 6.2)', () => {
    const state = new SessionState();
    state.openTerminal(terminal);
    state.resize({ columns: 0, rows: 50, widthPixels: 0, heightPixels: 0 });
    expect(state.terminal).toMatchObject({ columns: 80, rows: 50 });
    state.resize({ columns: 132, rows: 0, widthPixels: 0, heightPixels: 0 });
    expect(state.terminal).toMatchObject({ columns: 132, rows: 50 });
  });

  it('cannot be resized where there is none', () => {
    const state = new SessionState();
    const seen: TerminalSize[] = [];
    state.onResize((it) => seen.push(it));
    expect(state.resize(size)).toBe(false);
    expect(seen).toEqual([]);
  });
});

describe('the program of a session', () => {
  it('starts once and is at most one (RFC 4254 section 6.5)', () => {
    const state = new SessionState();
    expect(state.program).toBeUndefined();
    expect(state.start({ exec: 'uptime' })).toBe(true);
    expect(state.start('shell')).toBe(false);
    expect(state.start({ subsystem: 'sftp' })).toBe(false);
    expect(state.program).toEqual({ exec: 'uptime' });
  });

  it('gets signals from its start on', () => {
    const state = new SessionState();
    const seen: string[] = [];
    state.onSignal((it) => seen.push(it));
    expect(state.signal('INT')).toBe(false);
    state.start('shell');
    expect(state.signal('TERM')).toBe(true);
    expect(seen).toEqual(['TERM']);
  });

  it('is told through each listener until that listener is taken away', () => {
    const state = new SessionState();
    state.start('shell');
    const seen: string[] = [];
    const listener = (it: string): void => void seen.push(it);
    const stop = state.onSignal(listener);
    state.onSignal(listener);
    state.signal('INT');
    stop();
    stop();
    state.signal('TERM');
    expect(seen).toEqual(['INT', 'INT', 'TERM']);
  });

  it('bears with a listener that takes itself away', () => {
    const state = new SessionState();
    state.start('shell');
    const seen: string[] = [];
    const stop = state.onSignal(() => {
      stop();
    });
    state.onSignal((it) => seen.push(it));
    state.signal('INT');
    expect(seen).toEqual(['INT']);
  });
});
