import { ExchangeDeadline } from './exchange-deadline.js';
import { KeyUsage } from './key-usage.js';
import type { Outlet } from './outlet.js';
import { ReExchangeAllowance } from './re-exchange-allowance.js';
import type { TransportSettings } from './transport-settings.js';

/** What uses the keys, under the names of the engine: numbers of packets, and our KEXINIT while an exchange is under way. */
interface KeyUser {
  readonly _cipher: { readonly outSeqno: number };
  readonly _decipher?: { readonly inSeqno: number } | undefined;
  readonly _kexinit?: unknown;
}

/** What {@link KeyRenewal} is made of. */
export interface KeyRenewalParts {
  readonly settings: Pick<TransportSettings, 'rekey' | 'keyExchangeTimeoutMs' | 'schedule' | 'now'>;
  readonly engine: KeyUser;
  readonly outlet: Pick<Outlet, 'bytesWritten' | 'unsent'>;
  /** Bytes received so far. */
  readonly received: () => number;
  /** Starts a key re-exchange, unless one is under way. Called from a fresh turn. */
  readonly renew: () => void;
  /** The client takes too long over a re-exchange. */
  readonly onMissed: () => void;
}

/**
 * When the keys of one connection are renewed: by whom, how often, and how long it may take.
 *
 * Most connections renew none, so what only a re-exchange needs is made when one begins. Nor has the age of the keys a timer: it
 * is looked at when the client sends something. Keys that nobody uses may grow old, and a client that sleeps for an hour is not
 * asked for what it could not answer in time.
 */
export class KeyRenewal {
  readonly #parts: KeyRenewalParts;
  readonly #usage: KeyUsage;
  #allowance: ReExchangeAllowance | undefined;
  #deadline: ExchangeDeadline | undefined;
  #keysSince = 0;
  /** Whether new keys have been asked for, or the first ones are still to come. */
  #awaitsKeys = true;

  constructor(parts: KeyRenewalParts) {
    this.#parts = parts;
    this.#usage = new KeyUsage(parts.settings.rekey);
  }

  /** New keys are in use. */
  onKeysExchanged(): void {
    const { settings, engine, outlet, received } = this.#parts;
    this.#deadline?.stop();
    this.#usage.begin({
      bytesIn: received(),
      bytesOut: outlet.bytesWritten,
      sequenceIn: engine._decipher?.inSeqno ?? 0,
      sequenceOut: engine._cipher.outSeqno,
    });
    this.#keysSince = settings.now();
    this.#awaitsKeys = false;
  }

  /** Packets have come. */
  onReceived(): void {
    if (this.#awaitsKeys) return;
    const { now, rekey } = this.#parts.settings;
    if (now() - this.#keysSince >= rekey.ms) this.#ask();
    else this.onSent();
  }

  /** A packet has gone. */
  onSent(): void {
    if (this.#awaitsKeys) return;
    const { engine, outlet, received } = this.#parts;
    const { _decipher: decipher, _cipher: cipher } = engine;
    if (this.#usage.isUsedUp(received(), outlet.bytesWritten, decipher?.inSeqno ?? 0, cipher.outSeqno)) this.#ask();
  }

  /** A client's KEXINIT has come. @returns false if it may not have a key exchange now */
  admits(): boolean {
    const { settings, engine, outlet, received } = this.#parts;
    // It answers ours.
    if (engine._kexinit !== undefined) return true;
    const now = settings.now();
    this.#allowance ??= new ReExchangeAllowance(now);
    return this.#allowance.take(now, this.#usage.bytes(received(), outlet.bytesWritten));
  }

  /** A re-exchange begins, by whatever side. */
  onStart(): void {
    const { settings, outlet, received, onMissed } = this.#parts;
    this.#deadline ??= new ExchangeDeadline({
      timeoutMs: settings.keyExchangeTimeoutMs,
      schedule: settings.schedule,
      received,
      unsent: () => outlet.unsent,
      onMissed,
    });
    this.#deadline.start();
  }

  /** The connection has ended. */
  end(): void {
    this.#awaitsKeys = true;
    this.#deadline?.stop();
  }

  #ask(): void {
    this.#awaitsKeys = true;
    // Inside a packet being sent, the engine would encrypt with two keys at once.
    process.nextTick(this.#parts.renew);
  }
}
