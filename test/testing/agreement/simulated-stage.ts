import type { ApplicationServer } from '../../../src/index.js';
import { act, type SimulatedClient, simulate, type Simulation, type TimedOutcome } from '../../../src/testing/index.js';
import type { Account } from './account.js';
import { perform } from './perform.js';
import { quiet } from './quiet.js';
import { AccountRecord } from './account-record.js';
import { ADDRESSES, type Move, type Play, type Stage } from './scenario.js';

/** How real clients and this one identify themselves. */
const IDENTIFICATIONS = { ssh2: 'SSH-2.0-agreement', wire: 'SSH-2.0-WireClient' } as const;

/** Plays in the simulator. */
export class SimulatedStage implements Stage {
  readonly #simulation: Simulation;
  readonly #identification: string;
  readonly #record = new AccountRecord();
  readonly #clients = new Map<string, SimulatedClient>();

  static async play({ options, acts }: Play, client: 'ssh2' | 'wire'): Promise<Account> {
    // A manual clock begins there.
    await using simulation = await simulate({ ...options, startAt: new Date(0) });
    const stage = new SimulatedStage(simulation, IDENTIFICATIONS[client]);
    await perform(stage, acts, stage.#record);
    return stage.#record.account;
  }

  private constructor(simulation: Simulation, identification: string) {
    this.#simulation = simulation;
    this.#identification = identification;
    this.#record.follow(simulation.server);
  }

  get server(): ApplicationServer {
    return this.#simulation.server;
  }

  async take(name: string, move: Move): Promise<void> {
    const client = this.#client(name);
    const steps = 'length' in move ? move : [move];
    for (const [index, step] of steps.entries()) {
      const known = client.outcomes.length;
      void client.perform(step);
      await quiet(this.#record.pulse);
      const refused = client.outcomes
        .slice(known)
        .some(({ outcome }) => outcome === 'failed' || outcome === 'unopened');
      if (!refused || index === steps.length - 1) continue;
      if (client.outcomes.at(-1)?.outcome === 'failed') void client.perform(act.close());
      break;
    }
    await quiet(this.#record.pulse);
  }

  async pass(ms: number): Promise<void> {
    await this.#simulation.run(`${String(ms)}ms`);
    await quiet(this.#record.pulse);
  }

  #client(name: string): SimulatedClient {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client = this.#simulation.client(ADDRESSES[name] ?? '', '', {}, { identification: this.#identification });
    client.outcome.subscribe(({ atMs: _when, ...outcome }: TimedOutcome) => {
      this.#record.learn({ client: name, ...outcome });
    });
    client.hears.subscribe(({ connection, channel, stream, text }) => {
      this.#record.hear(`${name} ${String(connection)}.${String(channel)} ${stream}`, text);
    });
    this.#clients.set(name, client);
    return client;
  }
}
