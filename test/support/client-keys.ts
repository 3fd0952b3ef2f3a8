import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { runProgram } from './running-program.js';

/** The kinds of keys that users and hosts have, in the words of ssh-keygen. */
const KINDS = {
  ed25519: ['-t', 'ed25519'],
  ecdsa256: ['-t', 'ecdsa', '-b', '256'],
  ecdsa384: ['-t', 'ecdsa', '-b', '384'],
  ecdsa521: ['-t', 'ecdsa', '-b', '521'],
  rsa: ['-t', 'rsa', '-b', '2048'],
} as const;

/** A kind of key. */
export type KeyKind = keyof typeof KINDS;

/** Paths of private keys in OpenSSH's form, each beside its `.pub`. */
export interface ClientKeys extends Readonly<Record<KeyKind, string>> {
  /** A key that nobody has authorised. */
  readonly stranger: string;
  /** A file in authorized_keys form with all keys but the stranger's. */
  readonly authorizedKeys: string;
}

/** Makes a key without a passphrase at `file`, and its public half beside it. `keygen` is the path of ssh-keygen. */
export async function makeKey(keygen: string, kind: KeyKind, file: string): Promise<string> {
  const { status, stderr } = await runProgram(keygen, ['-q', '-N', '', '-C', kind, ...KINDS[kind], '-f', file]);
  if (status !== 0) throw new Error(`ssh-keygen cannot make ${file}: ${stderr}`);
  return file;
}

/** Makes one key of each kind in `folder`. `keygen` is the path of ssh-keygen. */
export async function makeClientKeys(keygen: string, folder: string): Promise<ClientKeys> {
  const make = (name: string, kind: KeyKind): Promise<string> => makeKey(keygen, kind, path.join(folder, name));
  const [ed25519, ecdsa256, ecdsa384, ecdsa521, rsa, stranger] = await Promise.all([
    make('ed25519', 'ed25519'),
    make('ecdsa256', 'ecdsa256'),
    make('ecdsa384', 'ecdsa384'),
    make('ecdsa521', 'ecdsa521'),
    make('rsa', 'rsa'),
    make('stranger', 'ed25519'),
  ]);
  const keys = { ed25519, ecdsa256, ecdsa384, ecdsa521, rsa };
  const authorizedKeys = path.join(folder, 'authorized_keys');
  const lines = await Promise.all(Object.values(keys).map((file) => readFile(`${file}.pub`, 'utf8')));
  await writeFile(authorizedKeys, lines.join(''));
  return { ...keys, stranger, authorizedKeys };
}
