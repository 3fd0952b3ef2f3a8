import { type FinishedProgram, type ProgramOptions, runProgram, RunningProgram } from './running-program.js';
import type { ServerAddress } from './reference-server.js';

/** How {@link OpenSshClient} calls `ssh`. */
export interface SshCall extends ProgramOptions {
  /** Private key to sign in with; null for none. Default the client's. */
  readonly key?: string | null;
  /** Settings of ssh_config(5), `Name=value`. They win over those of the client. */
  readonly settings?: readonly string[];
  /** Flags such as `-tt`. */
  readonly flags?: readonly string[];
}

/** What {@link OpenSshClient} is made of. */
export interface OpenSshClientParts {
  /** Path of `ssh`. */
  readonly program: string;
  readonly server: ServerAddress;
  /** Private key to sign in with unless a call says otherwise. */
  readonly key?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Without the settings of user and system, without an agent, and without a word about a host that nobody knows. */
const ISOLATED = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'GlobalKnownHostsFile=/dev/null',
  'UpdateHostKeys=no',
  'IdentitiesOnly=yes',
  'IdentityAgent=none',
  'LogLevel=ERROR',
  'ConnectTimeout=30',
];

/** OpenSSH's `ssh` as the user `demo`. */
export class OpenSshClient {
  readonly #parts: OpenSshClientParts;

  constructor(parts: OpenSshClientParts) {
    this.#parts = parts;
  }

  /** The command line for `command`; without one, for a shell. */
  arguments(command: string | undefined, { key, settings = [], flags = [] }: SshCall = {}): readonly string[] {
    const { server, key: ownKey } = this.#parts;
    const identity = key === undefined ? ownKey : key;
    // The first value of a setting counts, so the call's come first.
    return [
      ...['-F', '/dev/null'],
      ...settings.flatMap((setting) => ['-o', setting]),
      ...ISOLATED.flatMap((setting) => ['-o', setting]),
      ...(identity === undefined || identity === null ? [] : ['-i', identity]),
      ...flags,
      ...['-p', String(server.port), '-l', 'demo', server.host],
      ...(command === undefined ? [] : [command]),
    ];
  }

  /** Runs `command` to its end. Asks nobody for a password. */
  run(command: string | undefined, call: SshCall = {}): Promise<FinishedProgram> {
    return this.start(command, call).finished;
  }

  /** Starts `command`. */
  start(command: string | undefined, call: SshCall = {}): RunningProgram {
    return RunningProgram.start(this.#parts.program, this.#batch(command, call), this.#withEnv(call));
  }

  /** Starts `command`, whose output the test reads at its own pace. */
  startUnread(command: string | undefined, call: SshCall = {}): RunningProgram {
    return RunningProgram.startUnread(this.#parts.program, this.#batch(command, call), this.#withEnv(call));
  }

  /** Runs `command` with a password that `sshpass` types. */
  runWithPassword(
    sshpass: string,
    password: string,
    command: string | undefined,
    call: SshCall = {},
  ): Promise<FinishedProgram> {
    const settings = [
      ...(call.settings ?? []),
      'PreferredAuthentications=password',
      'PubkeyAuthentication=no',
      'NumberOfPasswordPrompts=1',
    ];
    const args = ['-e', this.#parts.program, ...this.arguments(command, { ...call, key: null, settings })];
    const { env, ...options } = this.#withEnv(call);
    return runProgram(sshpass, args, { ...options, env: { ...env, SSHPASS: password } });
  }

  #batch(command: string | undefined, call: SshCall): readonly string[] {
    return this.arguments(command, { ...call, settings: [...(call.settings ?? []), 'BatchMode=yes'] });
  }

  #withEnv({ env, ...options }: SshCall): SshCall {
    return { ...options, env: { ...this.#parts.env, ...env } };
  }
}
