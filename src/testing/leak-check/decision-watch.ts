import { SSH_REQUEST_TYPES } from '../../streams/events/ssh-request.js';
import { insideOf, type SshServer } from '../../streams/ssh-server.js';
import type { Leak, LeakWatch } from './leak.js';

interface Stage {
  readonly source: string;
  readonly pending: number;
}

/** Watches for requests that policies have not answered. */
export class DecisionWatch implements LeakWatch {
  readonly #server: SshServer;
  readonly #before: ReadonlyMap<Stage, number>;

  constructor(server: SshServer) {
    this.#server = server;
    this.#before = new Map(this.#stages().map((stage) => [stage, stage.pending]));
  }

  leaks(): readonly Leak[] {
    return this.#stages().flatMap((stage): readonly Leak[] => {
      const more = stage.pending - (this.#before.get(stage) ?? 0);
      if (more <= 0) return [];
      return [{ kind: 'decision', what: `${String(more)} not answered by ${stage.source}`, at: '' }];
    });
  }

  stop(): void {
    // Nothing was set up.
  }

  #stages(): readonly Stage[] {
    const { chains } = insideOf(this.#server);
    return SSH_REQUEST_TYPES.flatMap((type): readonly Stage[] => chains.stagesOf(type));
  }
}
