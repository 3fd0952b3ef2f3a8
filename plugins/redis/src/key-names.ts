import { createHash } from 'node:crypto';

/** Keys up to this length are kept as they are, longer ones as a digest, so that a peer cannot fill Redis with names. */
const MAX_KEY_LENGTH = 64;

/** The names in Redis of what is kept under one key. */
export interface KeyNames {
  /** Sorted set of the counted hits, by time. */
  readonly hits: string;
  /** When the time that is left on the key runs out. */
  readonly deadline: string;
}

/**
 * The names in Redis that belong to a key.
 *
 * In a cluster both lie on one node, so that they can be deleted together: what stands in braces says on which.
 */
export function keyNames(prefix: string, key: string): KeyNames {
  // Braces of the key's own would end the part that counts, perhaps before it has begun. A digest is longer than any key that
  // is kept as it is, so the two never meet.
  const id =
    key === '' || key.length > MAX_KEY_LENGTH || /[{}]/.test(key)
      ? `#${createHash('sha256').update(key, 'utf8').digest('hex')}`
      : key;
  return { hits: `${prefix}{${id}}:hits`, deadline: `${prefix}{${id}}:until` };
}
