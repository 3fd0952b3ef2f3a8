import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { requires } from '../../support/requires.js';

const run = promisify(execFile);

/** Suites that use {@link KeyFolder} skip by name where this is missing. */
export const openssh = requires(['ssh-keygen']);

/** A temporary folder of keys made by the real ssh-keygen. */
export class KeyFolder implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<KeyFolder> {
    return new KeyFolder(await mkdtemp(join(tmpdir(), 'rxsshd-keys-')));
  }

  /** Path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Makes the key files `name` and `name`.pub and returns the path of the private one. */
  async keygen(name: string, ...options: readonly string[]): Promise<string> {
    const path = this.file(name);
    const passphrase = options.includes('-N') ? [] : ['-N', ''];
    await run(openssh.path('ssh-keygen'), ['-q', '-f', path, '-C', `${name} comment`, ...passphrase, ...options]);
    return path;
  }

  /** The public key blob in `path`.pub. */
  async blob(path: string): Promise<Buffer> {
    const [, base64 = ''] = (await readFile(`${path}.pub`, 'utf8')).split(' ');
    return Buffer.from(base64, 'base64');
  }

  /** The fingerprint as `ssh-keygen -l` prints it. */
  async fingerprint(path: string): Promise<string> {
    const { stdout } = await run(openssh.path('ssh-keygen'), ['-l', '-f', path]);
    return stdout.split(' ')[1] ?? '';
  }

  /** What `ssh-keygen -y` says the public key of a private key file is: type, base64 and, if any, comment. */
  async publicLine(path: string, passphrase = ''): Promise<string> {
    const { stdout } = await run(openssh.path('ssh-keygen'), ['-y', '-P', passphrase, '-f', path]);
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** Arguments of ssh-keygen for each host key type, and what a key of it must say of itself. */
export const kinds = [
  { type: 'ssh-ed25519', options: ['-t', 'ed25519'], algorithms: ['ssh-ed25519'], bits: 256 },
  {
    type: 'ecdsa-sha2-nistp256',
    options: ['-t', 'ecdsa', '-b', '256'],
    algorithms: ['ecdsa-sha2-nistp256'],
    bits: 256,
  },
  {
    type: 'ecdsa-sha2-nistp384',
    options: ['-t', 'ecdsa', '-b', '384'],
    algorithms: ['ecdsa-sha2-nistp384'],
    bits: 384,
  },
  {
    type: 'ecdsa-sha2-nistp521',
    options: ['-t', 'ecdsa', '-b', '521'],
    algorithms: ['ecdsa-sha2-nistp521'],
    bits: 521,
  },
  { type: 'ssh-rsa', options: ['-t', 'rsa', '-b', '2048'], algorithms: ['rsa-sha2-512', 'rsa-sha2-256'], bits: 2048 },
] as const;
