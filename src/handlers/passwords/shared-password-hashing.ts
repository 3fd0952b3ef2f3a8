import { PasswordHashing } from './password-hashing.js';

let shared: PasswordHashing | undefined;

/** The one of the process, since the threads are: scrypt, with all defaults. */
export const sharedPasswordHashing = (): PasswordHashing => (shared ??= new PasswordHashing());
