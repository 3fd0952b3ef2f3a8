import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TerminalScreen } from '../../../src/testing/fakes/terminal-screen.js';

/** What a terminal of 10 by 4 shows. */
function shown(output: string): readonly string[] {
  const screen = new TerminalScreen(10, 4);
  screen.write(output);
  return screen.lines;
}

describe('TerminalScreen', () => {
  it.each<[string, string, readonly string[]]>([
    ['nothing', '', []],
    ['lines', 'one\r\ntwo\r\n', ['one', 'two']],
    ['a line feed without its return as stairs', 'one\ntwo', ['one', '   two']],
    ['a return as writing over', 'hello\rJ', ['Jello']],
    ['an erased character', 'cat\b \b', ['ca']],
    ['no way back beyond the left edge', 'a\b\b\bb', ['b']],
    ['tabs', 'a\tb', ['a       b']],
    ['a long line, wrapped', '0123456789abc', ['0123456789', 'abc']],
    ['a full line without an empty one behind it', '0123456789\r\nabc', ['0123456789', 'abc']],
    ['a backspace at the right edge', '0123456789\bX', ['012345678X']],
    ['what has not scrolled away', '1\r\n2\r\n3\r\n4\r\n5', ['2', '3', '4', '5']],
    ['no colours', '\x1b[1;31mred\x1b[0m', ['red']],
    ['no titles', '\x1b]0;title\x07one\x1b]2;title\x1b\\two', ['onetwo']],
    ['no bells, nulls and deletes', 'a\x07\x00\x7fb', ['ab']],
    ['no sequences of two characters', '\x1b7a\x1b8b', ['ab']],
    ['an erased rest of a line', 'hello\r\x1b[2C\x1b[K', ['he']],
    ['an erased beginning of a line', 'hello\x1b[3D\x1b[1K', ['   lo']],
    ['an erased line', 'one\r\nhello\x1b[2K', ['one']],
    ['an erased screen', 'one\r\ntwo\x1b[2J\x1b[Hnew', ['new']],
    ['an erased rest of the screen', 'one\r\ntwo\r\nthree\x1b[2;2H\x1b[J', ['one', 't']],
    ['an erased beginning of the screen', 'one\r\ntwo\r\nthree\x1b[2;2H\x1b[1J', ['', '  o', 'three']],
    ['what moves up and down', 'one\r\ntwo\x1b[Aup\x1b[9Bdown', ['one', 'two', '', '     down'].with(0, 'oneup')],
    ['what moves to a column', 'hello\x1b[2Ga\x1b[99Gz', ['hallo    z']],
    ['no more than the window has', '\x1b[99;99Hx', ['', '', '', '         x']],
  ])('shows %s', (_what, output, lines) => {
    expect(shown(output)).toEqual(lines);
  });

  it('keeps all lines', () => {
    const screen = new TerminalScreen(10, 2);
    screen.write('1\r\n2\r\n3\r\n4');
    expect(screen.lines).toEqual(['3', '4']);
    expect(screen.history).toEqual(['1', '2', '3', '4']);
  });

  it('knows where the cursor stands', () => {
    const screen = new TerminalScreen(10, 2);
    screen.write('1\r\n2\r\n3\r\n> ab');
    expect(screen.cursor).toEqual({ row: 1, column: 4 });
    screen.write('\r');
    expect(screen.cursor).toEqual({ row: 1, column: 0 });
    screen.write('0123456789');
    expect(screen.cursor).toEqual({ row: 1, column: 9 });
  });

  it('goes on at its new size', () => {
    const screen = new TerminalScreen(10, 2);
    screen.write('one\r\n');
    screen.resize(4, 3);
    screen.write('123456');
    expect(screen.lines).toEqual(['one', '1234', '56']);
  });

  it('shows the same however its output is cut', () => {
    const piece = fc.constantFrom(
      'a',
      'bc',
      '\r',
      '\n',
      '\b',
      '\t',
      '\x1b[A',
      '\x1b[3;4H',
      '\x1b[K',
      '\x1b[2J',
      '\x1b]0;t\x07',
      '\x1b[31m',
      '漢',
      '😀',
    );
    const output = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(output, fc.array(fc.nat(200)), (text, cuts) => {
        const screen = new TerminalScreen(10, 4);
        const places = [0, ...cuts.map((it) => Math.min(it, text.length)).sort((a, b) => a - b), text.length];
        // Between characters: packets may cut bytes, but decoders keep characters whole.
        const whole = places.filter((it) => !/[\uDC00-\uDFFF]/.test(text[it] ?? ''));
        for (const [index, place] of whole.entries()) screen.write(text.slice(place, whole[index + 1]));
        expect(screen.lines).toEqual(shown(text));
      }),
    );
  });
});
