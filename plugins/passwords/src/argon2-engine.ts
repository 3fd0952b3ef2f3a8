import * as crypto from 'node:crypto';

import type { Argon2idParameters } from './argon2id-parameters.js';

/** What argon2id makes a hash of. */
export interface Argon2Input extends Required<Argon2idParameters> {
  readonly password: string;
  readonly salt: Uint8Array;
  /** Bytes of the hash. */
  readonly length: number;
}

/** Computes argon2id, version 1.3, on a thread of its own. */
export type Argon2Engine = (input: Argon2Input) => Promise<Uint8Array>;

/** `crypto.argon2`, which Node has since 24.7, as far as it is used here. */
type NodeArgon2 = (
  algorithm: 'argon2id',
  parameters: {
    readonly message: Uint8Array;
    readonly nonce: Uint8Array;
    readonly parallelism: number;
    readonly tagLength: number;
    readonly memory: number;
    readonly passes: number;
  },
  callback: (error: Error | null, hash: Uint8Array) => void,
) => void;

/** Node's own argon2, if `module` has it. */
export function nodeEngine(module: object = crypto): Argon2Engine | undefined {
  const argon2: unknown = Reflect.get(module, 'argon2');
  if (typeof argon2 !== 'function') return undefined;
  // The types of Node 20 do not know it.
  const compute = argon2 as NodeArgon2;
  return ({ password, salt, length, m, t, p }) =>
    new Promise((resolve, reject) => {
      const parameters = {
        message: Buffer.from(password, 'utf8'),
        nonce: salt,
        parallelism: p,
        tagLength: length,
        memory: m,
        passes: t,
      };
      compute('argon2id', parameters, (error, hash) => {
        if (error === null) resolve(hash);
        else reject(error);
      });
    });
}

/** The package `argon2`, loaded when it is first needed: it brings native code. */
export const packageEngine: Argon2Engine = async ({ password, salt, length, m, t, p }) => {
  const { argon2id, hash } = await import('argon2');
  return hash(Buffer.from(password, 'utf8'), {
    raw: true,
    type: argon2id,
    version: 0x13,
    salt: Buffer.from(salt),
    hashLength: length,
    memoryCost: m,
    timeCost: t,
    parallelism: p,
  });
};

/** Node's own where there is one, else the package. */
export const argon2Engine = (): Argon2Engine => nodeEngine() ?? packageEngine;
