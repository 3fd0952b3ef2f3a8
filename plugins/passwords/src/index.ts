/**
 * Password hashes for rxsshd: argon2id, and bcrypt hashes that come from elsewhere.
 *
 * @packageDocumentation
 */

export { argon2idHasher } from './argon2id-hasher.js';
export type { Argon2idParameters } from './argon2id-parameters.js';
export { bcryptHasher } from './bcrypt-hasher.js';
export type { BcryptHasher, BcryptHasherOptions } from './bcrypt-hasher.js';
export type { DecoyShares, HashKind } from './decoy-shares.js';
export { passwordsPlugin } from './passwords-plugin.js';
export type { PasswordsPluginOptions } from './passwords-plugin.js';
