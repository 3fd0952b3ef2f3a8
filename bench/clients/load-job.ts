/** Where a job connects to. */
export interface LoadTarget {
  readonly port: number;
  readonly username: string;
  /** Path of the private key. */
  readonly key: string;
  /** Whether to exchange keys by `mlkem768x25519-sha256`. Default by `curve25519-sha256`. */
  readonly hybrid?: boolean;
}

/** What the load generator is asked to do; `command` is the server's own command line for the word in question. */
export type LoadJob = { readonly target: LoadTarget; readonly command: string } & (
  | {
      /** Connect, sign in, exec, check for exit status 0, disconnect; `concurrency` of them at any time. */
      readonly kind: 'handshake';
      readonly connections: number;
      readonly concurrency: number;
    }
  | {
      /** One byte there and back on one channel, one after the other. */
      readonly kind: 'echo';
      readonly roundTrips: number;
    }
  | {
      /** Channels on one connection: open, exec, check for exit status 0, close. */
      readonly kind: 'channels';
      readonly channels: number;
      readonly concurrency: number;
    }
  | {
      /** Connections with one running exec each, held until the job is finished. */
      readonly kind: 'hold';
      readonly connections: number;
      readonly concurrency: number;
    }
);

/** What came of a job. */
export interface LoadResult {
  readonly seconds: number;
  /** Half of the operations took at most this long. */
  readonly p50Ms: number;
  /** 99 of 100 operations took at most this long. */
  readonly p99Ms: number;
}

/** From the bench to the load generator. The steps of one job come in this order. */
export type LoadRequest =
  { readonly step: 'prepare'; readonly job: LoadJob } | { readonly step: 'run' } | { readonly step: 'finish' };

/** The answer to each request. */
export type LoadReply = { readonly result: LoadResult | undefined } | { readonly error: string };
