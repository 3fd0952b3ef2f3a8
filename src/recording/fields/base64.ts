import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { isJsonObject } from './json-object.js';

/** Bytes that are no secret, as `{"base64":"..."}` (RFC 4648 section 4). */
export const base64: FieldCodec<Buffer> = {
  write: (value) => `{"base64":"${value.toString('base64')}"}`,
  read: (json, path) => {
    const digits = isJsonObject(json) ? json['base64'] : undefined;
    if (typeof digits === 'string') {
      const bytes = Buffer.from(digits, 'base64');
      // Node reads on where it finds something that is no base64.
      if (bytes.toString('base64') === digits) return bytes;
    }
    throw new FieldError(path, 'must be bytes as {"base64":"..."}', json);
  },
};

/** The same for bytes of any class. */
export const base64Bytes: FieldCodec<Uint8Array> = {
  write: (value, memory) => base64.write(Buffer.from(value.buffer, value.byteOffset, value.byteLength), memory),
  read: (json, path, memory) => base64.read(json, path, memory),
};
