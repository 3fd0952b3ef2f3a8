import type { Duplex, Readable, Writable } from 'node:stream';

import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import { ChannelRequestDetail } from '../protocol/messages/channel-request-detail.js';
import type { SessionState } from '../protocol/session-state.js';
import type { Channel } from './channel.js';
import type { ChannelId } from './channel-id.js';
import type { ConnectionInfo } from './connection-info.js';
import type { ChannelExit } from './events/ssh-channel-closed.js';
import { exitReportOf } from './exit-signal.js';
import type { Identity } from './identity.js';

/** A channel of a running server, as policies and handlers see it. */
export class ServerChannel implements Channel {
  readonly id: ChannelId;
  readonly connection: ConnectionInfo;
  readonly identity: Identity;
  readonly #channel: SshChannel;
  #exit: ChannelExit | undefined;

  constructor(channel: SshChannel, id: ChannelId, connection: ConnectionInfo, identity: Identity) {
    this.#channel = channel;
    this.id = id;
    this.connection = connection;
    this.identity = identity;
  }

  /** Whether this stands for `channel`. */
  stands(channel: SshChannel): boolean {
    return this.#channel === channel;
  }

  get type(): string {
    return this.#channel.channelType;
  }

  get session(): SessionState | undefined {
    return this.#channel.session;
  }

  get stream(): Duplex {
    return this.#channel.stream;
  }

  get stderr(): Writable {
    return this.#channel.stderr;
  }

  get closed(): boolean {
    return this.#channel.closed;
  }

  get signal(): AbortSignal {
    return this.#channel.signal;
  }

  /** What was reported of the program's end. */
  get exit(): ChannelExit | undefined {
    return this.#exit;
  }

  openInput(): Readable {
    return this.#channel.openInput();
  }

  openOutput(kind: 'stdout' | 'stderr', translate?: (bytes: Uint8Array) => Uint8Array): Writable {
    return this.#channel.openOutput(kind === 'stdout' ? 0 : 1, translate);
  }

  sendEof(): void {
    this.#channel.sendEof();
  }

  whenClosed(listener: () => void): () => void {
    return this.#channel.whenClosed(listener);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  sendExitStatus(status: number): void {
    this.#report({ status: status >>> 0 }, { type: 'exit-status', exitStatus: status >>> 0 })();
  }

  sendExitSignal(signal: string, options: { readonly coreDumped?: boolean; readonly message?: string } = {}): void {
    const report = exitReportOf(signal);
    if ('status' in report) {
      this.sendExitStatus(report.status);
      return;
    }
    this.#report(report, exitSignal(report.signal, options))();
  }

  /** Fixes the report that the program was ended by `signal`, named without `SIG`. @returns sends it */
  reportSignal(signal: string, message: string): () => void {
    return this.#report({ signal }, exitSignal(signal, { message }));
  }

  request(
    requestType: string,
    data: Uint8Array,
    { wantReply = false }: { readonly wantReply?: boolean } = {},
  ): Promise<boolean> {
    return this.#channel.request(requestType, data, wantReply);
  }

  close(): void {
    this.#channel.close();
  }

  /** The first report counts: a program ends once. @returns sends it */
  #report(exit: ChannelExit, detail: ChannelRequestDetail): () => void {
    if (this.#exit !== undefined || this.#channel.closing) return ignore;
    this.#exit = exit;
    return () => {
      void this.#channel.request(detail.type, ChannelRequestDetail.encode(detail), false);
    };
  }
}

const ignore = (): void => undefined;

const exitSignal = (
  signalName: string,
  { coreDumped = false, message = '' }: { readonly coreDumped?: boolean; readonly message?: string },
): ChannelRequestDetail => ({ type: 'exit-signal', signalName, coreDumped, errorMessage: message, languageTag: '' });
