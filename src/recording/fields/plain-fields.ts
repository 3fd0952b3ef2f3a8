import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { UnknownKindError } from './unknown-kind-error.js';

/** A text, whatever is in it: half of a surrogate pair is escaped, so nothing of what a peer sent is lost. */
export const text: FieldCodec<string> = {
  write: (value: unknown) => {
    if (typeof value !== 'string') throw new RangeError('a text of an event is none');
    return JSON.stringify(value);
  },
  read: (json, path) => {
    if (typeof json === 'string') return json;
    throw new FieldError(path, 'must be a text', json);
  },
};

/** True or false. */
export const flag: FieldCodec<boolean> = {
  write: (value) => (value ? 'true' : 'false'),
  read: (json, path) => {
    if (typeof json === 'boolean') return json;
    throw new FieldError(path, 'must be true or false', json);
  },
};

/** A number that JSON can say: neither infinite nor NaN. */
export const finite: FieldCodec<number> = {
  write: (value) => {
    if (!Number.isFinite(value)) throw new RangeError(`${String(value)} is no number of JSON`);
    return String(value);
  },
  read: (json, path) => {
    if (typeof json === 'number' && Number.isFinite(json)) return json;
    throw new FieldError(path, 'must be a number', json);
  },
};

/** A count, a size, a port, a number of the protocol: an integer from 0 on. */
export const natural: FieldCodec<number> = {
  write: (value) => {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${String(value)} is no integer from 0 on`);
    return String(value);
  },
  read: (json, path) => {
    if (Number.isSafeInteger(json) && Number(json) >= 0) return Number(json);
    throw new FieldError(path, 'must be an integer from 0 on', json);
  },
};

/** One of a few values. */
export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): FieldCodec<T> {
  return choice(values, FieldError);
}

/** One of a few texts, of which later versions may know more: a line with another one is skipped. */
export function kindOf<const T extends string>(...values: readonly T[]): FieldCodec<T> {
  return choice(values, UnknownKindError);
}

function choice<T extends string | number | boolean>(values: readonly T[], Unknown: typeof FieldError): FieldCodec<T> {
  return {
    write: (value) => {
      if (!values.includes(value)) throw new RangeError(`${String(value)} is none of ${values.map(String).join(', ')}`);
      return JSON.stringify(value);
    },
    read: (json, path) => {
      const known = values.find((value) => value === json);
      if (known !== undefined) return known;
      throw new Unknown(path, `must be one of ${values.map(String).join(', ')}`, json);
    },
  };
}

/** Any number of values of one kind. */
export function list<T>(element: FieldCodec<T>): FieldCodec<readonly T[]> {
  return {
    write: (values, memory) => `[${values.map((value) => element.write(value, memory)).join(',')}]`,
    read: (json, path, memory) => {
      if (!Array.isArray(json)) throw new FieldError(path, 'must be a list', json);
      return json.map((value: unknown, index) => element.read(value, `${path}[${String(index)}]`, memory));
    },
  };
}
