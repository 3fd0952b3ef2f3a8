import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeTerminalModes, encodeTerminalModes, TerminalMode } from '../../src/protocol/terminal-modes.js';

const decodeHex = (hex: string) => decodeTerminalModes(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('decodeTerminalModes', () => {
  it('reads the modes that an OpenSSH client sends, speeds first', () => {
    const modes = decodeHex(
      '81 00009600 80 00009600 01 00000003 02 0000001c 03 0000007f 04 00000015 05 00000004 06 000000ff ' +
        '1e 00000000 24 00000001 26 00000001 2a 00000001 32 00000001 33 00000001 35 00000001 36 00000001 ' +
        '46 00000001 48 00000001 5a 00000001 5b 00000001 5c 00000000 00',
    );

    expect(modes).toEqual({
      ...{ TTY_OP_OSPEED: 38_400, TTY_OP_ISPEED: 38_400 },
      ...{ VINTR: 3, VQUIT: 28, VERASE: 127, VKILL: 21, VEOF: 4, VEOL: 255 },
      ...{ IGNPAR: 0, ICRNL: 1, IXON: 1, IUTF8: 1, ISIG: 1, ICANON: 1, ECHO: 1, ECHOE: 1 },
      ...{ OPOST: 1, ONLCR: 1, CS7: 1, CS8: 1, PARENB: 0 },
    });
  });

  it('reads values from 2^24 on', () => {
    expect(decodeHex('80 01000000 81 ffffffff 00')).toEqual({ TTY_OP_ISPEED: 2 ** 24, TTY_OP_OSPEED: 2 ** 32 - 1 });
  });

  it('keeps unknown opcodes below 160 by number', () => {
    const modes = decodeHex('13 00000001 9f 00000002 35 00000000 00');

    expect(modes).toEqual({ 19: 1, 159: 2, ECHO: 0 });
    expect(modes[159]).toBe(2);
  });

  it.each(['a0', 'ff'])('stops at the opcode %s, whose form nobody knows', (opcode) => {
    expect(decodeHex(`35 00000001 ${opcode} 00000001 01 00000003 00`)).toEqual({ ECHO: 1 });
  });

  it('stops at TTY_OP_END', () => {
    expect(decodeHex('35 00000001 00 01 00000003')).toEqual({ ECHO: 1 });
  });

  it.each(['', '00', '01', '01 000000'])('reads nothing from "%s"', (hex) => {
    expect(decodeHex(hex)).toEqual({});
  });

  it('keeps what comes before a record cut short', () => {
    expect(decodeHex('35 00000001 01 000000')).toEqual({ ECHO: 1 });
  });

  it('reads modes that end without TTY_OP_END', () => {
    expect(decodeHex('35 00000001')).toEqual({ ECHO: 1 });
  });

  it('lets the last of 5,000 records for a mode count', () => {
    const flood = Buffer.concat(
      Array.from({ length: 5000 }, (_, index) => Buffer.of(53, 0, 0, index >> 8, index & 255)),
    );

    expect(decodeTerminalModes(flood)).toEqual({ ECHO: 4999 });
  });

  it('never throws for any bytes, and never has more entries than opcodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(Object.keys(decodeTerminalModes(Buffer.from(bytes))).length).toBeLessThanOrEqual(159);
      }),
    );
  });
});

describe('encodeTerminalModes', () => {
  const opcodes = fc.integer({ min: 1, max: 159 });
  const keys = new Map<number, string>(Object.entries(TerminalMode).map(([name, opcode]) => [opcode, name]));
  const anyModes = fc
    .array(fc.tuple(opcodes, fc.integer({ min: 0, max: 0xffff_ffff })))
    .map((pairs) => Object.fromEntries(pairs.map(([opcode, value]) => [keys.get(opcode) ?? String(opcode), value])));

  it('writes what decodes to the same modes', () => {
    fc.assert(
      fc.property(anyModes, (modes) => {
        expect(decodeTerminalModes(encodeTerminalModes(modes))).toEqual(modes);
      }),
    );
  });

  it('writes opcode, value and TTY_OP_END', () => {
    expect(encodeTerminalModes({ ECHO: 1, VINTR: 3 }).toString('hex')).toBe('3500000001010000000300');
    expect(encodeTerminalModes({})).toEqual(Buffer.of(0));
  });

  it.each([{ 0: 1 }, { 160: 1 }, { 1.5: 1 }, { 53: -1 }, { ECHO: 2 ** 32 }])('throws for %j', (modes) => {
    expect(() => encodeTerminalModes(modes)).toThrow(RangeError);
  });
});
