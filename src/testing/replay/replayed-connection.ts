import type { ChannelId } from '../../streams/channel-id.js';
import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { Disconnected } from '../../streams/events/disconnected.js';
import type { SshEvent } from '../../streams/events/ssh-event.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import { act, type ClientAction } from '../simulation/client-action.js';
import { ClientConnection, type ClientEars, type ClientManner } from '../simulation/client-connection.js';
import { DecisionLedger } from './decision-ledger.js';

/** What is not recorded, and decides nothing. */
const MANNER: ClientManner = {
  identification: 'SSH-2.0-replayed',
  algorithms: { keyExchange: 'replayed', hostKey: 'replayed', cipherIn: '', cipherOut: '', macIn: '', macOut: '' },
  asksForService: false,
};

/** What the client was told is in the recording. */
const DEAF: ClientEars = { learn: () => undefined, hear: () => undefined, answered: () => undefined };

const SESSION_ID = Buffer.alloc(32);

/** One connection of a recording: does what its client did then. */
export class ReplayedConnection {
  readonly info: ConnectionInfo;
  readonly ledger: DecisionLedger;
  readonly client: ClientConnection;
  /** Which channel of the replaying client stands for which of the recording: a number may be used again. */
  readonly #channels = new Map<ChannelId, number>();
  /** And which of the replaying server, in the words of the recording. */
  readonly #replayedChannels: ChannelId[] = [];
  #opened = 0;
  /** Whether the client has broken the rules of the protocol. */
  #isViolated = false;

  /** @param startedAt - milliseconds since the epoch at which the recorded server was started */
  constructor(info: ConnectionInfo, startedAt: number, carry: (work: () => void) => void) {
    this.info = info;
    this.ledger = new DecisionLedger(info, startedAt);
    this.client = new ClientConnection(SESSION_ID, MANNER, DEAF, carry);
  }

  /** Does what the client did when `event` happened. */
  replay(event: SshEvent, seq: number, atMs: number): void {
    switch (event.type) {
      case 'ConnectionRequest':
        this.ledger.note(seq, atMs, event, event.type);
        return;
      case 'SSHChannelOpenRequest':
        this.#opened += 1;
        this.#channels.set(event.channel, this.#opened);
        this.#ask(event, seq, atMs, event.type);
        return;
      case 'SSHServiceRequest':
      case 'SSHUserAuthRequest':
      case 'SSHGlobalRequest':
        this.#ask(event, seq, atMs, event.type);
        return;
      case 'SSHChannelRequest': {
        const ordinal = this.#channels.get(event.channel);
        this.#ask(event, seq, atMs, channelKind(ordinal), ordinal);
        return;
      }
      case 'SSHChannelDataIn':
        // What was sent is not recorded, how much is.
        this.#act(act.data(new Uint8Array(event.data.length)), event.channel);
        return;
      case 'SSHChannelEOF':
        this.#act(act.eof(), event.channel);
        return;
      case 'SSHChannelClosed':
        this.#act(act.close(), event.channel);
        return;
      case 'Disconnected':
        this.#end(event);
        return;
      case 'Error':
        this.#isViolated ||= event.error.code === 'ERR_SSH_PROTOCOL';
        return;
      default:
      // What the server did then is decided anew.
    }
  }

  /** The replaying server was asked. @returns the number of the request in the recording, if it was recorded */
  asked(request: SshRequest): number | undefined {
    if (request.type === 'SSHChannelOpenRequest') this.#replayedChannels.push(request.channel);
    if (request.type !== 'SSHChannelRequest') return this.ledger.asked(request, request.type);
    // Channels are opened in their order; a number that is used again means the last one.
    return this.ledger.asked(request, channelKind(this.#replayedChannels.lastIndexOf(request.channel) + 1));
  }

  /** Goes, if it is still there. */
  leave(): void {
    this.client.act(act.hangUp());
  }

  #ask(request: SshRequest, seq: number, atMs: number, kind: string, ordinal?: number): void {
    this.ledger.note(seq, atMs, request, kind);
    // A client answers what it was asked.
    if (isAnswer(request) && !this.client.isQuestioned) this.ledger.unsent(kind);
    else if (this.client.request(request, ordinal) === undefined) this.ledger.unsent(kind);
  }

  /** The client goes as it went then; if the server had sent it away, it is sent away again. */
  #end({ by, reason, description }: Disconnected): void {
    if (by === 'network') this.client.act(act.reset());
    else if (by === 'peer') this.client.act(reason === undefined ? act.hangUp() : act.disconnect(description));
    else if (reason === undefined) this.client.endByServer({ description }, false);
    else this.client.endByServer({ reason, description }, this.#isViolated);
  }

  #act(action: ClientAction, channel: ChannelId): void {
    const ordinal = this.#channels.get(channel);
    if (ordinal !== undefined) this.client.act(action, ordinal);
  }
}

/** Whether a request makes sense only where the server has just asked for what it holds. */
const isAnswer = (request: SshRequest): boolean =>
  request.type === 'SSHUserAuthRequest' &&
  ((request.method === 'keyboard-interactive' && request.stage === 'answered') ||
    (request.method === 'password' && request.newPassword !== undefined));

const channelKind = (ordinal: number | undefined): string => `SSHChannelRequest ${String(ordinal)}`;
