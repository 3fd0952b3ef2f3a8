import { encodeUtf8 } from '../../transport/wire/utf8.js';
import type { Secret } from '../../streams/secret.js';
import { RedactedSecret } from '../redacted-secret.js';
import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { isJsonObject } from './json-object.js';

/** No packet carries more; a file that says so is not to be believed with memory. */
const MAX_REDACTED_LENGTH = 16 * 1024 * 1024;

/** What stands in place of bytes: as the first byte of a length or a flag it fits nothing, so nothing can be read from it. */
const FILLER = 0xff;

const secretMark = '[redacted]';

const lengthField = (length: number): string => `{"redacted":${String(Math.min(length, MAX_REDACTED_LENGTH))}}`;

function lengthOf(json: unknown, path: string): number {
  const length = isJsonObject(json) ? json['redacted'] : undefined;
  if (Number.isSafeInteger(length) && Number(length) >= 0 && Number(length) <= MAX_REDACTED_LENGTH) {
    return Number(length);
  }
  throw new FieldError(path, `must be {"redacted":<length>} of at most ${String(MAX_REDACTED_LENGTH)}`, json);
}

/** Text that may hold a secret: its length in bytes is written, as `{"redacted":5}`, and read as so many asterisks. */
export const redactedText: FieldCodec<string> = {
  write: (value) => lengthField(encodeUtf8(value).length),
  read: (json, path) => '*'.repeat(lengthOf(json, path)),
};

/**
 * Bytes that may hold a secret: their length is written, as `{"redacted":5}`, and read as so many bytes 0xff.
 *
 * What could not be decoded when it was recorded cannot be decoded when it is read: 0xff begins no length that fits.
 */
export const redactedBytes = {
  write: (value: Uint8Array) => lengthField(value.length),
  read: (json: unknown, path: string) => Buffer.alloc(lengthOf(json, path), FILLER),
} satisfies FieldCodec<Buffer>;

/** A password or an answer: that there was one is written, and nothing of it. */
export const redactedSecret: FieldCodec<Secret> = {
  write: () => `"${secretMark}"`,
  read: (json, path) => {
    if (json === secretMark) return new RedactedSecret();
    throw new FieldError(path, `must be "${secretMark}"`, json);
  },
};
