/** One thing of a connection that is still there although the connection has ended. */
export interface Leak {
  /**
   * What it is:
   *
   * - `connection`: it has not ended, or it has and something still refers to it;
   * - `info`: only the plain `ConnectionInfo` of its events is left, as in a table by connection that is never cleared; an event
   *   that the test itself has kept is one, too;
   * - `subscription`: to a stream of the server's events;
   * - `timer`: work that waits for its time, on the server's clock or on the timers of the process;
   * - `listener`: on the stream that was served, or on another emitter that was watched;
   * - `decision`: a request that a policy has not answered, and that nobody waits for.
   */
  readonly kind: 'connection' | 'info' | 'subscription' | 'timer' | 'listener' | 'decision';
  /** In words. */
  readonly what: string;
  /** Where it was set up, as lines of a stack; empty if that is not known. */
  readonly at: string;
}

/** Watches for leaks of one kind. */
export interface LeakWatch {
  /** What is there now and was not there in the beginning. */
  leaks(): readonly Leak[];
  /** Stops watching and undoes whatever was needed for that. */
  stop(): void;
}
