import { Readable } from 'node:stream';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readLines } from '../../../src/handlers/sessions/read-lines.js';

const inputOf = (...blocks: readonly string[]): Readable => {
  const input = new Readable({ read: () => undefined });
  for (const block of blocks) input.push(Buffer.from(block));
  return input;
};

const linesOf = async (blocks: readonly string[], fromTerminal = false, maxLineBytes = 100): Promise<string[]> => {
  // In object mode, so that blocks are not joined before they are read.
  const input = Readable.from(blocks.map((block) => Buffer.from(block)));
  const lines: string[] = [];
  for await (const line of readLines(input, { maxLineBytes, fromTerminal })) lines.push(line);
  return lines;
};

describe('readLines', () => {
  it('splits at line feeds, with or without carriage return, and gives the unfinished last line', async () => {
    await expect(linesOf(['a\nb\r\n\nlast'])).resolves.toEqual(['a', 'b', '', 'last']);
    await expect(linesOf(['a\r\n'])).resolves.toEqual(['a']);
    await expect(linesOf([])).resolves.toEqual([]);
  });

  it('takes a carriage return alone for text in a file and for Enter in a terminal', async () => {
    await expect(linesOf(['a\rb\n'])).resolves.toEqual(['a\rb']);
    await expect(linesOf(['a\rb\r'], true)).resolves.toEqual(['a', 'b']);
  });

  it('counts carriage return and line feed as one end, in one block or in two', async () => {
    await expect(linesOf(['a\r\nb\r', '\nc\r', 'd'], true)).resolves.toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not wait for the line feed that may follow the Enter key', async () => {
    const lines = readLines(inputOf('ls\r'), { maxLineBytes: 10, fromTerminal: true });
    await expect(lines.next()).resolves.toEqual({ done: false, value: 'ls' });
    await lines.return();
  });

  it('joins characters that were cut in two', async () => {
    const bytes = Buffer.from('é\n');
    const input = Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]);
    const lines = readLines(input, { maxLineBytes: 10, fromTerminal: false });
    await expect(lines.next()).resolves.toEqual({ done: false, value: 'é' });
    await lines.return();
  });

  it('takes lines of exactly the longest length, whatever their end, and not one byte more', async () => {
    await expect(linesOf(['12345\n12345\r', '\n12345'], false, 5)).resolves.toEqual(['12345', '12345', '12345']);
    await expect(linesOf(['123456\n'], false, 5)).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
    await expect(linesOf(['123456'], false, 5)).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
  });

  it('keeps no more of an endless line than its bound', async () => {
    const input = inputOf('1234567');
    const lines = readLines(input, { maxLineBytes: 5, fromTerminal: false });
    await expect(lines.next()).rejects.toThrow('a line of more than 5 bytes');
  });

  it('leaves what was not taken in the input, for another loop or any other reader', async () => {
    const input = inputOf('a\nb\nrest');
    const options = { maxLineBytes: 10, fromTerminal: false };
    for await (const line of readLines(input, options)) {
      expect(line).toBe('a');
      break;
    }
    for await (const line of readLines(input, options)) {
      expect(line).toBe('b');
      break;
    }
    expect(String(input.read())).toBe('rest');
    expect(input.destroyed).toBe(false);
    expect(input.listenerCount('readable')).toBe(0);
  });

  it('gives the same lines however the input is cut', async () => {
    const blocks = fc.array(fc.string({ unit: fc.constantFrom('\r', '\n', 'a', 'é'), minLength: 1 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(blocks, fc.boolean(), async (cut, fromTerminal) => {
        const expected = cut.join('').split(fromTerminal ? /\r\n|\r|\n/ : /\r?\n/);
        if (expected.at(-1) === '') expected.pop();
        await expect(linesOf(cut, fromTerminal, 1000)).resolves.toEqual(expected);
      }),
    );
  });
});
