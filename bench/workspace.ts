import { execFileSync, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The temporary folder of one run, and everything that has to be gone when the run ends.
 *
 * Cleaning is synchronous and hangs on the process's `exit` event, so that one path serves the regular end, an
 * exception, the deadline and a signal.
 */
export class Workspace {
  readonly folder: string;
  /** True when the folder is in memory, so that uploads do not wait for a disk. */
  readonly inMemory: boolean;
  /** ed25519 private key of the servers, OpenSSH format. */
  readonly hostKey: string;
  /** ed25519 private key of the clients, OpenSSH format; the public half is `authorizedKeys`. */
  readonly userKey: string;
  /** A file in authorized_keys form with the clients' key. */
  readonly authorizedKeys: string;
  readonly #children = new Set<ChildProcess>();
  readonly #undo: (() => void)[] = [];

  constructor() {
    this.inMemory = isWritable('/dev/shm');
    this.folder = mkdtempSync(join(this.inMemory ? '/dev/shm' : tmpdir(), 'rxsshd-bench-'));
    process.once('exit', () => {
      this.#clean();
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => process.exit(130));
    }
    this.hostKey = this.#generateKey('host_key');
    this.userKey = this.#generateKey('user_key');
    this.authorizedKeys = `${this.userKey}.pub`;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  publicKeyText(): string {
    return readFileSync(this.authorizedKeys, 'utf8').trim();
  }

  /** Kills `child` when the run ends before the child does. */
  own<Child extends ChildProcess>(child: Child): Child {
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Runs `undo` when the run ends, after all children were killed; the last registered runs first. */
  atExit(undo: () => void): void {
    this.#undo.push(undo);
  }

  #generateKey(name: string): string {
    const file = this.path(name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', file]);
    return file;
  }

  #clean(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const undo of this.#undo.reverse()) undo();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
