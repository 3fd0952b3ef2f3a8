import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LineDiscipline } from '../../examples/reference/line-discipline.js';

/** Types `keys` in one go and tells what was made of it, and what the terminal shows. */
function type(keys: string, modes = {}) {
  const { typed, echo } = new LineDiscipline(modes).type(Buffer.from(keys));
  return { typed: typed.map((it) => (it.type === 'line' ? it.text : it.type.toUpperCase())), echo: echo.toString() };
}

describe('LineDiscipline', () => {
  it('shows what is typed and ends lines at Enter', () => {
    expect(type('one\rtwo\r')).toEqual({ typed: ['one', 'two'], echo: 'one\ntwo\n' });
  });

  it('takes a pasted line end of two characters as one', () => {
    expect(type('one\r\ntwo\n\n').typed).toEqual(['one', 'two', '']);
  });

  it('takes back one character, of however many bytes', () => {
    expect(type('aé€😀\x7f\x7f\b\r')).toEqual({ typed: ['a'], echo: 'aé€😀\b \b\b \b\b \b\n' });
    expect(type('\x7fa\r')).toEqual({ typed: ['a'], echo: 'a\n' });
  });

  it('takes back the whole line at Ctrl-U', () => {
    expect(type('abc\x15d\r').typed).toEqual(['d']);
  });

  it('drops the line at Ctrl-C', () => {
    expect(type('abc\x03d\r')).toEqual({ typed: ['INTERRUPT', 'd'], echo: 'abc^C\nd\n' });
  });

  it('ends input at Ctrl-D, on an empty line only', () => {
    expect(type('a\x04\r\x04')).toEqual({ typed: ['a', 'END'], echo: 'a\n' });
  });

  it('ignores arrow and function keys and other control characters', () => {
    expect(type('a\x1b[Ab\x1bOPc\x1b[15~d\x1b[1;5De\x07\r')).toEqual({ typed: ['abcde'], echo: 'abcde\n' });
  });

  it('still hears Ctrl-C behind an escape that was not finished', () => {
    expect(type('\x1b\x03\x1b[1\x03').typed).toEqual(['INTERRUPT', 'INTERRUPT']);
  });

  it('shows nothing if the client’s terminal has echo off', () => {
    expect(type('secret\r', { ECHO: 0 })).toEqual({ typed: ['secret'], echo: '' });
  });

  it('goes by the keys of the client’s terminal, of which 255 is none', () => {
    expect(type('ab#\x03\x18c\r', { VERASE: 0x23, VINTR: 0x18, VEOF: 255 }).typed).toEqual(['INTERRUPT', 'c']);
  });

  it('keeps no more than 4096 bytes of a line', () => {
    expect(type(`${'x'.repeat(5000)}\r`).typed).toEqual(['x'.repeat(4096)]);
  });

  it('makes the same of any input, however it is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        const whole = new LineDiscipline({}).type(bytes);
        const parts = new LineDiscipline({});
        const halves = [parts.type(bytes.subarray(0, cut)), parts.type(bytes.subarray(cut))];

        expect(halves.flatMap(({ typed }) => typed)).toEqual(whole.typed);
        expect(Buffer.concat(halves.map(({ echo }) => echo))).toEqual(whole.echo);
      }),
    );
  });
});
