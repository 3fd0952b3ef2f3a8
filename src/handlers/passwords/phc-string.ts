import { passwordHashError } from './password-hash-error.js';

/** A password hash in the string format of the Password Hashing Competition: `$id$v=19$m=19456,t=2,p=1$salt$hash`. */
export interface PhcString {
  /** The function, such as `scrypt` or `argon2id`. */
  readonly id: string;
  /** The version of the function, for those that have several. */
  readonly version?: number;
  /** What the function costs, by name and in the order of the text. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Longer than any that a function of today writes. */
const MAX_LENGTH = 512;

const FORM =
  /^\$(?<id>[a-z0-9-]{1,32})(?:\$v=(?<version>[^$]*))?\$(?<parameters>[^$]*)\$(?<salt>[A-Za-z0-9+/]+)\$(?<hash>[A-Za-z0-9+/]+)$/;
const PARAMETER = /^([a-z][a-z0-9-]{0,31})=([^=]*)$/;

/** Decimal, without a sign or leading zeros, so that a number has one form. */
const NUMBER = /^(?:0|[1-9][0-9]{0,9})$/;

/**
 * Reads a password hash, strictly: what is not in the one form that {@link formatPhcString} writes is refused. For those who
 * write a {@link PasswordHasher}.
 *
 * Parameters are whole numbers; salt and hash have to be there.
 *
 * @throws {@link SshServerError} `ERR_SSH_PASSWORD_HASH` if `text` is no such string. The message does not show it.
 */
export function parsePhcString(text: string): PhcString {
  if (text.length > MAX_LENGTH) throw passwordHashError(`is longer than ${String(MAX_LENGTH)} characters`);
  const fields = FORM.exec(text)?.groups;
  if (fields === undefined) throw passwordHashError('is not in the form $id$v=version$parameters$salt$hash');
  const { id = '', version, parameters = '', salt = '', hash = '' } = fields;
  return {
    id,
    ...(version === undefined ? {} : { version: numberOf('a version', version) }),
    parameters: parametersOf(parameters),
    salt: bytesOf('salt', salt),
    hash: bytesOf('hash', hash),
  };
}

/** The text of a password hash. */
export function formatPhcString({ id, version, parameters, salt, hash }: PhcString): string {
  const costs = Object.entries(parameters).map(([name, value]) => `${name}=${String(value)}`);
  return [
    '',
    id,
    ...(version === undefined ? [] : [`v=${String(version)}`]),
    costs.join(','),
    encode(salt),
    encode(hash),
  ].join('$');
}

function parametersOf(text: string): Readonly<Record<string, number>> {
  const parameters = new Map<string, number>();
  for (const entry of text.split(',')) {
    const [, name = '', value = ''] = PARAMETER.exec(entry) ?? [];
    if (name === '') throw passwordHashError('has a parameter without a name or a value');
    if (parameters.has(name)) throw passwordHashError('has a parameter twice');
    parameters.set(name, numberOf('a parameter', value));
  }
  return Object.fromEntries(parameters);
}

function numberOf(what: string, text: string): number {
  if (!NUMBER.test(text)) throw passwordHashError(`has ${what} that is no whole number of at most ten digits`);
  return Number(text);
}

/** Base64 without padding. Bits that stand for nothing have to be zero, so that bytes have one form. */
function bytesOf(what: string, text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (encode(bytes) !== text) throw passwordHashError(`has a ${what} that is no base64 without padding`);
  return bytes;
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
