import { types } from 'node:util';

/**
 * What a function of the application has made, in JavaScript perhaps anything.
 *
 * @returns undefined for no text
 * @throws TypeError for what is neither a text nor undefined; a promise, which may yet be rejected, does no harm then
 */
export function madeText(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  if (!types.isPromise(value)) throw new TypeError(`expected a text, got ${typeof value}`);
  // A rejection that nobody handles would end the process.
  value.catch(() => undefined);
  throw new TypeError('expected a text, got a promise of one, and nobody waits for it');
}
