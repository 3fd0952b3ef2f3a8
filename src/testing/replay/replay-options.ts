import type { SimulateOptions } from '../simulation/server-options.js';

/** What `replay` decides again with: handlers, policies and settings as `simulate` takes them. */
export interface ReplayOptions extends Omit<SimulateOptions, 'startAt'> {
  /**
   * Whether `@On` methods and `on()` functions are subscribed. They see the recorded traffic as if it were happening, and may
   * write to the logs of a real server. Default false.
   */
  readonly observers?: boolean;
}
