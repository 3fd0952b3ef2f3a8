import { createServer } from '../../di/create-server.js';
import { serverOptions, type SimulateOptions } from './server-options.js';
import { Simulation } from './simulation.js';
import { VirtualTime } from './virtual-time.js';

const START = '2026-01-01T00:00:00Z';

/**
 * Runs a whole server in virtual time: the real container, handlers, policies, leases and timers, and the real state machines of
 * the protocol, against clients that are written as marbles. No socket, no cryptography; a month takes milliseconds.
 *
 * Promises settle before time goes on, and the timers of the process are virtual as long as the simulation lives: dispose
 * of it with `await using`. There is one simulation at once in a process. What does real work, such as reading a file, needs
 * {@link Simulation.hold}.
 *
 * @example
 * ```ts
 * await using simulation = await simulate({
 *   policies: { SSHUserAuthRequest: [grantPassword((user, password) => user === 'ann' && password === 'right')] },
 * });
 * const ann = simulation.client('192.0.2.7', 'c-w-r', {
 *   w: authRequest.password('ann', 'wrong'),
 *   r: authRequest.password('ann', 'right'),
 * });
 * simulation.expectClient(ann).toBe('c-d-g');
 * await simulation.run();
 * ```
 *
 * @throws SshServerError as `createServer` does; `ERR_SSH_STATE` while another simulation lives; `ERR_SSH_OPTION` if the
 *   package `@sinonjs/fake-timers` is not installed
 */
export async function simulate({ startAt = START, ...options }: SimulateOptions): Promise<Simulation> {
  const time = await VirtualTime.begin(new Date(startAt).getTime());
  try {
    return new Simulation(await createServer(await serverOptions(options, time.clock)), time);
  } catch (cause) {
    time[Symbol.dispose]();
    throw cause;
  }
}
