import { SshServerError } from '../errors.js';
import { proveHostKeys } from '../protocol/host-keys/prove-host-keys.js';
import type { TransportSettings } from '../transport/transport-settings.js';

/** What {@link HostKeyProofs} is made of. */
export interface HostKeyProofsParts {
  readonly settings: Pick<TransportSettings, 'hostKeys' | 'keyExchangeTimeoutMs' | 'schedule'>;
  /** A host key did not sign. */
  readonly onError: (error: SshServerError) => void;
}

/** The session that a proof is for. */
export interface ProvedSession {
  readonly sessionId: Uint8Array;
  /** The signature algorithm of the last key exchange. */
  readonly negotiated: string;
}

/** A client asks once, about keys that it does not know. Each costs the server a signature, and the client next to nothing. */
const MAX_PROOFS = 64;

/** Proves host keys on one connection, as often as an honest client may want it. */
export class HostKeyProofs {
  readonly #parts: HostKeyProofsParts;
  /** What gives up each of the proofs under way. */
  readonly #pending = new Set<() => void>();
  #left = MAX_PROOFS;

  constructor(parts: HostKeyProofsParts) {
    this.#parts = parts;
  }

  /**
   * Proves the keys that the client asks about.
   *
   * @param answer - Called once, with the data of the reply, or undefined for a refusal; not at all after {@link end}
   */
  prove(asked: readonly Uint8Array[], session: ProvedSession, answer: (data: Buffer | undefined) => void): void {
    this.#left -= asked.length;
    if (this.#left < 0) {
      answer(undefined);
      return;
    }
    const { settings } = this.#parts;
    const patience = new AbortController();
    const stopTimer = settings.schedule(settings.keyExchangeTimeoutMs, () => {
      patience.abort();
      settle(new Error('its signer took too long'));
    });
    const giveUp = (): void => {
      patience.abort();
      stopTimer();
    };
    this.#pending.add(giveUp);
    const settle = (outcome: Buffer | Error | undefined): void => {
      // The first outcome counts, and none after the end.
      if (!this.#pending.delete(giveUp)) return;
      stopTimer();
      if (outcome instanceof Error) this.#report(outcome);
      answer(outcome instanceof Error ? undefined : outcome);
    };
    // What is asked about is looked up at once: the client's message is a view on memory that will be used again.
    const { keys } = settings.hostKeys();
    proveHostKeys({ asked, keys, ...session, signal: patience.signal }).then(settle, (cause: unknown) => {
      settle(cause instanceof Error ? cause : new Error(String(cause)));
    });
  }

  /** The connection has ended. */
  end(): void {
    for (const giveUp of this.#pending) giveUp();
    this.#pending.clear();
  }

  #report(cause: Error): void {
    const text = `a host key could not be proved: ${cause.message}`;
    this.#parts.onError(new SshServerError('ERR_SSH_HOST_KEY', text, { cause }));
  }
}
