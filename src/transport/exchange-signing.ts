import { type LateSignature, signExchange } from './engine/sign-exchange.js';
import type { EngineKeyExchange, EngineProtocol } from './engine/ssh2-internals.js';
import type { TransportSettings } from './transport-settings.js';

/** What {@link ExchangeSigning} is made of. */
export interface ExchangeSigningParts {
  readonly settings: Pick<TransportSettings, 'keyExchangeTimeoutMs' | 'schedule'>;
  readonly engine: EngineProtocol;
  /** There is no signature, and there will be none. */
  readonly onFailure: (fault: string, cause?: Error) => void;
}

/** Has the key exchanges of one connection signed, and bounds how long that may take. */
export class ExchangeSigning {
  readonly #parts: ExchangeSigningParts;
  #stopWaiting: (() => void) | undefined;

  constructor(parts: ExchangeSigningParts) {
    this.#parts = parts;
  }

  /** Algorithms have been chosen. */
  readonly prepare = (exchange: EngineKeyExchange): void => {
    signExchange(this.#parts.engine, exchange, this);
  };

  /** Whether nothing but a signature keeps an exchange from going on. */
  get isWaiting(): boolean {
    return this.#stopWaiting !== undefined;
  }

  onWait(signature: LateSignature): void {
    const { schedule, keyExchangeTimeoutMs } = this.#parts.settings;
    const stopTimer = schedule(keyExchangeTimeoutMs, () => {
      this.onSilence();
    });
    this.#stopWaiting = () => {
      stopTimer();
      signature.cancel();
    };
  }

  onSigned(): void {
    this.end();
  }

  onFailure(cause: Error): void {
    this.#parts.onFailure(cause.message, cause);
  }

  /** The signer has had time enough. */
  onSilence(): void {
    this.#parts.onFailure('its signer took too long');
  }

  /** Nobody waits any more. */
  end(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }
}
