/**
 * Opcodes of encoded terminal modes that carry a value (RFC 4254 section 8; IUTF8 is RFC 8160), by their names there.
 * A name means the same as in POSIX termios: `V…` hold a character (255 for none), the others 0 or 1, the two speeds
 * bits per second.
 */
export const TerminalMode = {
  VINTR: 1,
  VQUIT: 2,
  VERASE: 3,
  VKILL: 4,
  VEOF: 5,
  VEOL: 6,
  VEOL2: 7,
  VSTART: 8,
  VSTOP: 9,
  VSUSP: 10,
  VDSUSP: 11,
  VREPRINT: 12,
  VWERASE: 13,
  VLNEXT: 14,
  VFLUSH: 15,
  VSWTCH: 16,
  VSTATUS: 17,
  VDISCARD: 18,
  IGNPAR: 30,
  PARMRK: 31,
  INPCK: 32,
  ISTRIP: 33,
  INLCR: 34,
  IGNCR: 35,
  ICRNL: 36,
  IUCLC: 37,
  IXON: 38,
  IXANY: 39,
  IXOFF: 40,
  IMAXBEL: 41,
  IUTF8: 42,
  ISIG: 50,
  ICANON: 51,
  XCASE: 52,
  ECHO: 53,
  ECHOE: 54,
  ECHOK: 55,
  ECHONL: 56,
  NOFLSH: 57,
  TOSTOP: 58,
  IEXTEN: 59,
  ECHOCTL: 60,
  ECHOKE: 61,
  PENDIN: 62,
  OPOST: 70,
  OLCUC: 71,
  ONLCR: 72,
  OCRNL: 73,
  ONOCR: 74,
  ONLRET: 75,
  CS7: 90,
  CS8: 91,
  PARENB: 92,
  PARODD: 93,
  TTY_OP_ISPEED: 128,
  TTY_OP_OSPEED: 129,
} as const;

/** The name of a terminal mode, such as `ECHO`. */
export type TerminalModeName = keyof typeof TerminalMode;

/** Terminal modes by name, or by opcode where the opcode has no name. Plain data: `{ ECHO: 1, VINTR: 3, 99: 7 }`. */
export type TerminalModes = { readonly [Name in TerminalModeName]?: number } & { readonly [opcode: number]: number };

const TTY_OP_END = 0;

/** From here on opcodes have no known form, so nothing can be read behind one (RFC 4254 section 8). */
const FIRST_OPAQUE_OPCODE = 160;

/** Opcode and `uint32`. */
const RECORD_LENGTH = 5;

const names = new Map<number, string>(Object.entries(TerminalMode).map(([name, opcode]) => [opcode, name]));

/**
 * Decodes the terminal modes of a `pty-req`. Never throws, in time proportional to their length.
 *
 * Ends at TTY_OP_END, at an opcode from 160 on, or where a record is cut short; what came before counts. Of several
 * values for one mode the last counts. No limit on the number of records: the result has at most 159 entries.
 */
export function decodeTerminalModes(encoded: Buffer): TerminalModes {
  const modes: Record<string | number, number> = {};
  for (let at = 0; at + RECORD_LENGTH <= encoded.length; at += RECORD_LENGTH) {
    const opcode = encoded.readUInt8(at);
    if (opcode === TTY_OP_END || opcode >= FIRST_OPAQUE_OPCODE) break;
    modes[names.get(opcode) ?? opcode] = encoded.readUInt32BE(at + 1);
  }
  return modes;
}

/**
 * Encodes terminal modes for a `pty-req`, with TTY_OP_END behind the last.
 *
 * @throws RangeError for an opcode beyond 1 to 159 or a value beyond 0 to 2^32 - 1.
 */
export function encodeTerminalModes(modes: TerminalModes): Buffer {
  const entries = Object.entries(modes);
  const encoded = Buffer.alloc(entries.length * RECORD_LENGTH + 1, TTY_OP_END);
  let at = 0;
  for (const [key, value] of entries) {
    at = encoded.writeUInt32BE(value, encoded.writeUInt8(opcodeOf(key), at));
  }
  return encoded;
}

function opcodeOf(key: string): number {
  const opcode = isName(key) ? TerminalMode[key] : Number(key);
  if (!Number.isInteger(opcode) || opcode <= TTY_OP_END || opcode >= FIRST_OPAQUE_OPCODE) {
    throw new RangeError(`not a terminal mode: ${key}`);
  }
  return opcode;
}

function isName(key: string): key is TerminalModeName {
  return Object.hasOwn(TerminalMode, key);
}
