/** Counts the processor time and the processes of one server. */
export interface CpuAccount {
  /** Goes in front of the server's command line, so that it is counted from its first instruction. */
  readonly prefix: readonly string[];
  /** User plus system time so far, in nanoseconds. */
  readNs(): number;
  /** Living processes of the server. */
  pids(): readonly number[];
  /** Kills what is left and removes the account. */
  close(): void;
}

/** Opens accounts, all of one kind. */
export interface CpuAccountant {
  /** For the report: how time is counted, and what the method misses. */
  readonly description: string;
  /** `rootPid` is asked for only after the server was started. */
  open(label: string, rootPid: () => number | undefined): CpuAccount;
}
