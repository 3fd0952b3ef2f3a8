import { type ChannelHost, SshChannel } from '../../src/protocol/channels/ssh-channel.js';
import type { ConnectionAuthority } from '../../src/protocol/connection-authority.js';
import { DEFAULT_LIMITS } from '../../src/protocol/limits.js';
import { ChannelRequestDetail } from '../../src/protocol/messages/channel-request-detail.js';
import { ChannelRequest } from '../../src/protocol/messages/channel-request.js';
import { ChannelOpen } from '../../src/protocol/messages/channel-open.js';
import { readBytesToAdd } from '../../src/protocol/messages/read-channel-data.js';
import type { SessionProgram, SessionState, Terminal } from '../../src/protocol/session-state.js';
import { channelId } from '../../src/streams/channel-id.js';
import { connectionId } from '../../src/streams/connection-id.js';
import { ServerChannel } from '../../src/streams/server-channel.js';
import { SSH_MSG } from '../../src/transport/messages/message-number.js';

export interface FakeChannelOptions {
  readonly program?: SessionProgram;
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal?: Partial<Terminal>;
  /** Bytes the client takes before it must be asked to take more. Default: no end to it. */
  readonly window?: number;
  readonly user?: string;
}

const ENDLESS = 2 ** 32 - 1;

/** Told of nothing that matters to a channel in a test. */
const bystander = new Proxy({} as ConnectionAuthority, { get: () => () => undefined });

/** What the client has got so far. */
class Conversation {
  readonly told: string[] = [];
  readonly stdout: Buffer[] = [];
  readonly stderr: Buffer[] = [];
  windowReturned = 0;
  channel: SshChannel | undefined;

  readonly host: ChannelHost = {
    link: {
      sessionId: Buffer.alloc(0),
      writable: true,
      send: (head, body) => {
        this.#read(Buffer.from(head), Buffer.from(body ?? []));
      },
      disconnect: (_reason, description) => {
        this.told.push(`disconnect ${description}`);
      },
      violation: (_reason, description) => {
        this.told.push(`violation ${description}`);
      },
    },
    limits: DEFAULT_LIMITS,
    authority: bystander,
    waitForLink: () => undefined,
    forget: () => undefined,
  };

  #read(head: Buffer, body: Buffer): void {
    switch (head[0]) {
      case SSH_MSG.CHANNEL_DATA:
        this.told.push(`data ${String(body.length)}`);
        this.stdout.push(body);
        return;
      case SSH_MSG.CHANNEL_EXTENDED_DATA:
        this.told.push(`stderr ${String(body.length)}`);
        this.stderr.push(body);
        return;
      case SSH_MSG.CHANNEL_WINDOW_ADJUST:
        this.windowReturned += readBytesToAdd(head) ?? 0;
        return;
      case SSH_MSG.CHANNEL_EOF:
        this.told.push('eof');
        return;
      case SSH_MSG.CHANNEL_CLOSE:
        this.told.push('close');
        // The client closes in turn, as RFC 4254 section 5.3 has it.
        queueMicrotask(() => this.channel?.onClose());
        return;
      case SSH_MSG.CHANNEL_REQUEST: {
        const request = ChannelRequest.decode(head);
        const detail = ChannelRequestDetail.decode(request?.requestType ?? '', request?.data ?? Buffer.alloc(0));
        if (detail.type === 'exit-status') this.told.push(`exit-status ${String(detail.exitStatus)}`);
        if (detail.type === 'exit-signal') {
          const { signalName, coreDumped, errorMessage } = detail;
          this.told.push(['exit-signal', signalName, ...(coreDumped ? ['core'] : []), errorMessage].join(' ').trim());
        }
        return;
      }
      default:
    }
  }
}

/** An open session channel without a network: the real one, with the test as its client. */
export class FakeChannel extends ServerChannel {
  readonly #record: Conversation;
  readonly #real: SshChannel;

  constructor(options: FakeChannelOptions = {}) {
    const record = new Conversation();
    const open = ChannelOpen.decode(
      ChannelOpen.encode({
        channelType: 'session',
        senderChannel: 0,
        initialWindowSize: options.window ?? ENDLESS,
        maximumPacketSize: 32 * 1024,
        data: Buffer.alloc(0),
      }),
    );
    if (open === undefined) throw new Error('a channel open that was just encoded does not decode');
    const real = new SshChannel(record.host, 0, open);
    record.channel = real;
    super(
      real,
      channelId(connectionId(1), 0),
      { id: connectionId(1), remoteAddress: '192.0.2.1', remotePort: 50_000, localAddress: '192.0.2.2', localPort: 22 },
      { user: options.user ?? 'ann', method: 'password' },
    );
    this.#record = record;
    this.#real = real;
    for (const [name, value] of Object.entries(options.environment ?? {})) this.session.setVariable(name, value);
    if (options.terminal !== undefined) {
      const size = { columns: 80, rows: 24, widthPixels: 0, heightPixels: 0 };
      this.session.openTerminal({ type: 'xterm', modes: {}, ...size, ...options.terminal });
    }
    this.session.start(options.program ?? 'shell');
  }

  override get session(): SessionState {
    const session = super.session;
    if (session === undefined) throw new Error('a session channel has a session');
    return session;
  }

  /** All that the client was told, in order: `data 5`, `stderr 3`, `exit-status 0`, `eof`, `close`. */
  get told(): readonly string[] {
    return this.#record.told;
  }

  /** Settles when the channel is closed, by whom ever. */
  get closing(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.whenClosed(resolve);
    });
  }

  /** Window given back to the client so far, in bytes. */
  get windowReturned(): number {
    return this.#record.windowReturned;
  }

  /** What the client got on standard output. */
  get output(): string {
    return Buffer.concat(this.#record.stdout).toString();
  }

  /** What the client got on standard error. */
  get errorOutput(): string {
    return Buffer.concat(this.#record.stderr).toString();
  }

  /** The client sends data. */
  send(data: string | Uint8Array): void {
    this.#real.onData(Buffer.from(data), 0);
  }

  /** The client sends as much as the window allows at the start. */
  fillWindow(): void {
    for (let sent = 0; sent < DEFAULT_LIMITS.windowSize; sent += 32 * 1024) this.send(Buffer.alloc(32 * 1024, 'x'));
  }

  /** The client sends EOF. */
  sendClientEof(): void {
    this.#real.onEof();
  }

  /** The client takes `bytes` more. */
  widen(bytes: number): void {
    this.#real.onWindowAdjust(bytes);
  }

  /** The client's connection ends. */
  vanish(): void {
    if (!this.closed) this.#real.onConnectionEnd();
  }
}
