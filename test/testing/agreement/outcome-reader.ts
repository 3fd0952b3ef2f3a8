import type { ClientOutcome } from '../../../src/testing/index.js';
import type { ClientEars } from './real-connection.js';

type Unopened = Extract<ClientOutcome, { readonly outcome: 'unopened' }>['reason'];
type Reason =
  Extract<ClientOutcome, { readonly outcome: 'disconnected' }> extends { readonly reason?: infer Name } ? Name : never;

const OPEN_FAILURES: Readonly<Record<number, Unopened>> = {
  1: 'ADMINISTRATIVELY_PROHIBITED',
  2: 'CONNECT_FAILED',
  3: 'UNKNOWN_CHANNEL_TYPE',
  4: 'RESOURCE_SHORTAGE',
};

/** Those of RFC 4253 section 11.1 that the scenarios meet. */
const DISCONNECT_REASONS: Readonly<Record<number, Reason>> = {
  2: 'PROTOCOL_ERROR',
  7: 'SERVICE_NOT_AVAILABLE',
  8: 'PROTOCOL_VERSION_NOT_SUPPORTED',
  11: 'BY_APPLICATION',
  12: 'TOO_MANY_CONNECTIONS',
  14: 'NO_MORE_AUTH_METHODS_AVAILABLE',
  15: 'ILLEGAL_USER_NAME',
};

/** Reads what a server sends, written out by hand: what a client learns must not depend on the codecs under test. */
export class OutcomeReader {
  readonly #ears: Pick<ClientEars, 'learn'>;
  #connected = false;
  /** By which method the client has asked last: a message number has a meaning of its own in each method. */
  authMethod = '';
  /** Nothing is learned any more. */
  ended = false;

  constructor(ears: Pick<ClientEars, 'learn'>) {
    this.#ears = ears;
  }

  /** The server has closed. */
  onClose(): void {
    this.#learn(this.#connected ? { outcome: 'disconnected', description: '' } : { outcome: 'refused' });
    this.ended = true;
  }

  /** The server has disconnected. */
  onGoodbye(code: number, description: string): void {
    const reason = DISCONNECT_REASONS[code];
    this.#learn({ outcome: 'disconnected', ...(reason === undefined ? {} : { reason }), description });
    this.ended = true;
  }

  onPayload(payload: Buffer): void {
    if (payload[0] === 1) {
      const it = new Fields(payload.subarray(1));
      this.onGoodbye(it.uint32(), it.text());
      return;
    }
    const outcome = this.#outcomeOf(new Fields(payload));
    if (outcome !== undefined) this.#learn(outcome);
  }

  #learn(outcome: ClientOutcome): void {
    if (!this.ended) this.#ears.learn(outcome);
  }

  #outcomeOf(it: Fields): ClientOutcome | undefined {
    const number = it.byte();
    switch (number) {
      case 4:
        it.byte();
        return { outcome: 'warned', message: it.text() };
      case 6:
        if (this.#connected) return undefined;
        this.#connected = true;
        return { outcome: 'connected' };
      case 51: {
        const methods = it.names();
        return { outcome: it.byte() === 0 ? 'denied' : 'partial', methods };
      }
      case 52:
        return { outcome: 'granted' };
      case 53:
        return { outcome: 'banner', message: it.text() };
      case 60:
        if (this.authMethod === 'publickey') return { outcome: 'acceptable' };
        return this.authMethod === 'password' ? { outcome: 'changeRequested', prompt: it.text() } : challenge(it);
      case 81:
        return { outcome: 'done' };
      case 82:
        return { outcome: 'failed' };
      case 91:
        return { outcome: 'opened', channel: it.channel() };
      case 92: {
        const channel = it.channel();
        const reason = OPEN_FAILURES[it.uint32()] ?? 'unknown';
        return { outcome: 'unopened', channel, reason, description: it.text() };
      }
      case 97:
        return { outcome: 'closed', channel: it.channel() };
      case 98: {
        const channel = it.channel();
        const type = it.text();
        it.byte();
        if (type === 'exit-status') return { outcome: 'exited', channel, exit: it.uint32() };
        return type === 'exit-signal' ? { outcome: 'exited', channel, exit: it.text() } : undefined;
      }
      case 99:
        return { outcome: 'done', channel: it.channel() };
      case 100:
        return { outcome: 'failed', channel: it.channel() };
      default:
        return undefined;
    }
  }
}

function challenge(it: Fields): ClientOutcome {
  const name = it.text();
  const instruction = it.text();
  it.text();
  const prompts = Array.from({ length: it.uint32() }, () => {
    const prompt = it.text();
    it.byte();
    return prompt;
  });
  return { outcome: 'challenged', name, instruction, prompts };
}

/** The fields of a message, one after the other. */
class Fields {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  byte(): number {
    this.#at += 1;
    return this.#payload.readUInt8(this.#at - 1);
  }

  uint32(): number {
    this.#at += 4;
    return this.#payload.readUInt32BE(this.#at - 4);
  }

  text(): string {
    const length = this.uint32();
    this.#at += length;
    return this.#payload.toString('utf8', this.#at - length, this.#at);
  }

  names(): readonly string[] {
    return this.text().split(',');
  }

  /** Clients count their channels from 0, outcomes from 1. */
  channel(): number {
    return this.uint32() + 1;
  }
}
