import type { CpuAccount, CpuAccountant } from '../accounting/cpu-account.js';
import type { Pinning } from '../pinning.js';
import type { Workspace } from '../workspace.js';

/** What a client asks a server to run. Every server has its own command line for each word. */
export type ExecWord =
  | { readonly word: 'true' | 'cat' | 'sink' }
  | { readonly word: 'source'; readonly bytes: number }
  | { readonly word: 'exit'; readonly status: number };

/** What a server needs from the run that starts it. */
export interface Surroundings {
  readonly workspace: Workspace;
  readonly pinning: Pinning;
  readonly accountant: CpuAccountant;
  /** True where servers are to compress for clients that ask for it; those that always do need not look. Default false. */
  readonly compression?: boolean;
}

/** A started server: a process (with children, where it forks) that listens on 127.0.0.1. */
export interface RunningServer {
  readonly port: number;
  readonly pid: number;
  readonly username: string;
  /** What the server calls itself: the first line it sends (RFC 4253 section 4.2). */
  readonly identification: string;
  readonly cpu: CpuAccount;
  /** Runs a full garbage collection and resolves when it is over; absent where there is nothing to collect. */
  readonly collectGarbage?: () => Promise<void>;
  /** SIGTERM, then SIGKILL after 5 s; resolves when every process is gone. May be called twice. */
  stop(): Promise<void>;
}

/** One server of the comparison. A new one implements this and is listed in `catalogue.ts`. */
export interface ServerUnderTest {
  /** As `--servers` takes it. */
  readonly id: string;
  /** As the tables show it. */
  readonly name: string;
  /** `anchor`: all ratios are to it. `subject`: the targets apply to it. */
  readonly role: 'anchor' | 'subject' | 'peer';
  /** True for the anchor a second time, which runs only when `--servers` names it. */
  readonly onRequest?: true;
  /** True for a server that forks a process per connection: it gets a tenth of the connections and channels. */
  readonly forks: boolean;
  /** True if it has `mlkem768x25519-sha256`. */
  readonly hybrid?: true;
  /** Ciphers of the bulk measure that the server has. */
  readonly hasCipher: (cipher: string) => boolean;
  /** Connections the server lets one client set up at a time; a measure that needs more leaves the server out. */
  readonly concurrentSetups: number;
  /** Channels one connection may open and close at a time; a measure that needs more leaves the server out. */
  readonly concurrentChannels: number;
  /** Share of the bulk bytes that the server gets, so that a slow one does not take all the time. Default 1. */
  readonly bulkShare?: number;
  /** The words that it has, for one that only takes part in measures that need no others. Default all. */
  readonly words?: readonly ExecWord['word'][];
  /** Why the server cannot run here, as a sentence; `undefined` when it can. */
  unavailable(): string | undefined;
  /** Name and version, for the report. */
  version(): string;
  commandFor(word: ExecWord): string;
  start(surroundings: Surroundings): Promise<RunningServer>;
}

/** The command lines of the two Node servers. */
export function wordCommand(word: ExecWord): string {
  switch (word.word) {
    case 'source':
      return `source ${String(word.bytes)}`;
    case 'exit':
      return `exit ${String(word.status)}`;
    default:
      return word.word;
  }
}

/** The command lines of servers that run a Unix shell. */
export function shellCommand(word: ExecWord): string {
  switch (word.word) {
    case 'sink':
      return 'cat >/dev/null';
    case 'source':
      return `head -c ${String(word.bytes)} /dev/zero`;
    default:
      return wordCommand(word);
  }
}
