import { ChannelTable } from '../../../src/protocol/channels/channel-table.js';
import type { SshChannel } from '../../../src/protocol/channels/ssh-channel.js';
import type {
  ChannelOpenAnswer,
  ChannelRequestAnswer,
  ConnectionAuthority,
} from '../../../src/protocol/connection-authority.js';
import { DEFAULT_LIMITS, type ProtocolLimits } from '../../../src/protocol/limits.js';
import type { Link } from '../../../src/protocol/link.js';
import * as send from '../../support/wire-client-payloads.js';

/** A link that keeps what is sent, and takes as much as the test lets it. */
export class FakeLink implements Link {
  readonly sessionId = Buffer.alloc(32);
  readonly sent: Buffer[] = [];
  readonly violations: string[] = [];
  writable = true;
  onSend: ((payload: Buffer) => void) | undefined;

  send(head: Uint8Array, body: Uint8Array = Buffer.alloc(0)): void {
    const payload = Buffer.concat([head, body]);
    this.sent.push(payload);
    this.onSend?.(payload);
  }

  disconnect(reason: string, description: string): void {
    this.violations.push(`${reason}: ${description}`);
  }

  violation(reason: string, description: string): void {
    this.violations.push(`${reason}: ${description}`);
  }
}

/** Grants everything at once unless told otherwise, and keeps a log. */
export class FakeAuthority implements ConnectionAuthority {
  readonly log: string[] = [];
  readonly authMethods = ['password'];
  readonly channels: SshChannel[] = [];
  /** Payload of each packet that has left, apart from the log. */
  readonly sent: number[] = [];
  openAnswer: ChannelOpenAnswer = { granted: true };
  requestAnswer: ChannelRequestAnswer = { granted: true };

  decideService(_service: string, answer: (granted: boolean) => void): void {
    answer(true);
  }

  decideAuth(): void {
    throw new Error('nobody signs in here');
  }

  decideChannelOpen(channel: SshChannel, _question: unknown, answer: (it: ChannelOpenAnswer) => void): void {
    this.channels.push(channel);
    answer(this.openAnswer);
  }

  decideChannelRequest(_channel: SshChannel, _question: unknown, answer: (it: ChannelRequestAnswer) => void): void {
    answer(this.requestAnswer);
  }

  decideGlobalRequest(): void {
    throw new Error('nobody asks here');
  }

  onIdentification(): void {
    this.log.push('identification');
  }

  onKeyExchangeBegun(): void {
    this.log.push('key exchange');
  }

  onAlgorithmsNegotiated(): void {
    this.log.push('algorithms');
  }

  onPacket(): void {
    this.log.push('packet');
  }

  onKeysExchanged(): void {
    this.log.push('keys');
  }

  onAuthenticated(): void {
    this.log.push('authenticated');
  }

  onChannelOpened(channel: SshChannel): void {
    this.log.push(`opened ${String(channel.localNumber)}`);
  }

  onChannelRequested(_channel: SshChannel, question: { readonly requestType: string }): void {
    this.log.push(`requested ${question.requestType}`);
  }

  onChannelData(_channel: SshChannel, data: Buffer, dataType: number): void {
    this.log.push(`data ${String(data.length)} of type ${String(dataType)}`);
  }

  onChannelSent(_channel: SshChannel, length: number): void {
    this.sent.push(length);
  }

  onChannelEof(): void {
    this.log.push('eof');
  }

  onChannelReadyToSend(): void {
    this.log.push('ready');
  }

  onChannelClosed(channel: SshChannel): void {
    this.log.push(`closed ${String(channel.localNumber)}`);
  }

  onEnd(): void {
    this.log.push('end');
  }
}

export interface Bench {
  readonly link: FakeLink;
  readonly authority: FakeAuthority;
  readonly table: ChannelTable;
  /** Opens a channel. */
  readonly open: (fields?: send.ChannelOpenFields) => SshChannel;
}

/** A table of channels without a connection around it. */
export function bench(limits: Partial<ProtocolLimits> = {}): Bench {
  const link = new FakeLink();
  const authority = new FakeAuthority();
  const table = new ChannelTable(link, { ...DEFAULT_LIMITS, ...limits }, authority);
  const open = (fields: send.ChannelOpenFields = {}): SshChannel => {
    table.onMessage(send.channelOpen(fields));
    const channel = authority.channels.at(-1);
    if (channel === undefined) throw new Error('the channel was refused');
    return channel;
  };
  return { link, authority, table, open };
}

/** The data in a CHANNEL_DATA or CHANNEL_EXTENDED_DATA payload. */
export const dataOf = (payload: Buffer): Buffer => payload.subarray(payload[0] === 94 ? 9 : 13);

/** The message numbers of payloads. */
export const numbersOf = (payloads: readonly Buffer[]): readonly (number | undefined)[] =>
  payloads.map(([number]) => number);
