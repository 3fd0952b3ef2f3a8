import type { KeyObject } from 'node:crypto';

/** What a key file holds. */
export interface PrivateKey {
  readonly privateKey: KeyObject;
  readonly comment?: string | undefined;
}

/** How a key file is opened. */
export interface PrivateKeyOpening {
  /** Undefined if there is none. */
  readonly passphrase: Buffer | undefined;
  /** Begins the message of each error. */
  readonly source: string;
}
