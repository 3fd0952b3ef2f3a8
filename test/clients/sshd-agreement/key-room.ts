import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runProgram } from '../../support/running-program.js';

/** Kinds of keys, as arguments of ssh-keygen. */
const KINDS = {
  ed25519: ['-t', 'ed25519'],
  ecdsa256: ['-t', 'ecdsa', '-b', '256'],
  ecdsa384: ['-t', 'ecdsa', '-b', '384'],
  ecdsa521: ['-t', 'ecdsa', '-b', '521'],
  rsa: ['-t', 'rsa', '-b', '2048'],
  shortRsa: ['-t', 'rsa', '-b', '1024'],
} as const;

/** Every key of the table, by what it is for. */
const KEYS = {
  host: 'ed25519',
  user: 'ed25519',
  stranger: 'ed25519',
  ecdsa256: 'ecdsa256',
  ecdsa384: 'ecdsa384',
  ecdsa521: 'ecdsa521',
  rsa: 'rsa',
  shortRsa: 'shortRsa',
  ca: 'ed25519',
  otherCa: 'ed25519',
  ecdsaCa: 'ecdsa384',
  rsaCa: 'rsa',
} as const satisfies Record<string, keyof typeof KINDS>;

/** The name of a key. */
export type KeyName = keyof typeof KEYS;

/** How a client shows a key: its private half, and a certificate if it has one. */
export interface ShownKey {
  readonly key: string;
  readonly certificate?: string;
}

/** A folder with the keys of the table, in which ssh-keygen makes what its rows ask for. */
export class KeyRoom {
  readonly folder: string;
  readonly #keygen: string;
  readonly #publicKeys: ReadonlyMap<KeyName, string>;
  #made = 0;

  private constructor(keygen: string, folder: string, publicKeys: ReadonlyMap<KeyName, string>) {
    this.#keygen = keygen;
    this.folder = folder;
    this.#publicKeys = publicKeys;
  }

  static async open(keygen: string): Promise<KeyRoom> {
    const folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-agreement-'));
    const names = Object.entries(KEYS) as readonly (readonly [KeyName, keyof typeof KINDS])[];
    const lines = await Promise.all(
      names.map(async ([name, kind]) => {
        const file = path.join(folder, name);
        await runKeygen(keygen, [...KINDS[kind], '-N', '', '-C', name, '-f', file]);
        return [name, (await readFile(`${file}.pub`, 'utf8')).trim()] as const;
      }),
    );
    return new KeyRoom(keygen, folder, new Map(lines));
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  /** The public half, as a line of a file. */
  line(name: KeyName): string {
    const line = this.#publicKeys.get(name);
    if (line === undefined) throw new Error(`there is no key ${name}`);
    return line;
  }

  /** How a client shows a key alone. */
  show(name: KeyName): ShownKey {
    return { key: path.join(this.folder, name) };
  }

  /** Has `authority` certify a key; `options` are those of ssh-keygen. */
  async certify(name: KeyName, authority: KeyName, ...options: readonly string[]): Promise<ShownKey> {
    // ssh-keygen writes beside the public key, so each certificate has a copy of its own.
    const folder = await this.#place('certificate');
    const copy = path.join(folder, 'key.pub');
    await copyFile(path.join(this.folder, `${name}.pub`), copy);
    await runKeygen(this.#keygen, ['-s', path.join(this.folder, authority), '-I', 'table', ...options, copy]);
    return { key: path.join(this.folder, name), certificate: path.join(folder, 'key-cert.pub') };
  }

  /** A revocation list of ssh-keygen, of these lines (ssh-keygen(1), KEY REVOCATION LISTS), about certificates of `authority`. */
  async revoke(authority: KeyName, ...lines: readonly string[]): Promise<Buffer> {
    const folder = await this.#place('revoked');
    const list = path.join(folder, 'list');
    const specification = path.join(folder, 'specification');
    await writeFile(specification, lines.map((line) => `${line}\n`).join(''));
    await runKeygen(this.#keygen, ['-k', '-f', list, '-s', path.join(this.folder, `${authority}.pub`), specification]);
    return readFile(list);
  }

  /** A revocation list of whole keys and certificates. */
  async revokeFiles(...files: readonly string[]): Promise<Buffer> {
    const list = path.join(await this.#place('revoked'), 'list');
    await runKeygen(this.#keygen, ['-k', '-f', list, ...files]);
    return readFile(list);
  }

  /** A new file. @returns its path */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const file = path.join(await this.#place('file'), name);
    await writeFile(file, content, { mode: 0o600 });
    return file;
  }

  async #place(name: string): Promise<string> {
    this.#made += 1;
    const folder = path.join(this.folder, `${name}-${String(this.#made)}`);
    await mkdir(folder);
    return folder;
  }
}

async function runKeygen(keygen: string, args: readonly string[]): Promise<void> {
  const { status, stderr } = await runProgram(keygen, ['-q', ...args]);
  if (status !== 0) throw new Error(`ssh-keygen ${args.join(' ')}: ${stderr}`);
}
