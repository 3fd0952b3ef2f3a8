import { isUtf8 } from 'node:buffer';

/** A byte that is no UTF-8 becomes this code unit plus the byte: a lone surrogate, which no well-formed text contains. */
const ESCAPE = 0xdc00;

// In Unicode mode a surrogate that belongs to a pair is part of a larger character and does not match.
const loneSurrogate = /\p{Surrogate}/u;
const escapedByte = /([\u{DC80}-\u{DCFF}])/u;

/**
 * Decodes text of the peer without loss: well-formed UTF-8 as usual, every other byte `b` as the lone surrogate
 * U+DC00 + `b`.
 *
 * RFC 4251 section 5 wants UTF-8, but clients send user names, passwords, commands and environment values in whatever
 * encoding their terminal has. Refusing those would turn a mistyped password into a protocol error; U+FFFD would make
 * different user names equal. This way each byte string has its own text, {@link encodeUtf8} gives the bytes back, and
 * the scheme is known from Python's `surrogateescape` (PEP 383). Text with such an escape never equals well-formed
 * text.
 */
export function decodeUtf8(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeMalformed(bytes);
}

/**
 * Encodes text as UTF-8; lone surrogates made by {@link decodeUtf8} become the bytes they stand for, any other lone
 * surrogate U+FFFD.
 */
export function encodeUtf8(text: string): Buffer {
  if (!loneSurrogate.test(text)) return Buffer.from(text, 'utf8');

  // A split on a capturing pattern keeps the separators, at the odd places.
  const parts = text.split(escapedByte);
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part, 'utf8') : Buffer.of(part.charCodeAt(0) - ESCAPE))),
  );
}

function decodeMalformed(bytes: Buffer): string {
  let text = '';
  let start = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (start < at) text += bytes.toString('utf8', start, at);
    text += String.fromCharCode(ESCAPE + bytes.readUInt8(at));
    at += 1;
    start = at;
  }
  return text + bytes.toString('utf8', start);
}

/** Length of the well-formed sequence at `at`, 0 if there is none (Unicode Standard, table 3-7). */
function sequenceLength(bytes: Buffer, at: number): 0 | 1 | 2 | 3 | 4 {
  const lead = bytes.readUInt8(at);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;

  // The second byte rules out overlong forms, surrogates and what lies beyond U+10FFFF.
  const second = bytes[at + 1] ?? 0;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  if (lead < 0xe0) return 2;
  if (!isContinuation(bytes[at + 2])) return 0;
  if (lead < 0xf0) return 3;
  return isContinuation(bytes[at + 3]) ? 4 : 0;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
