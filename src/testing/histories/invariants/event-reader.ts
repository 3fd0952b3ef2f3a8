import type { ChannelId } from '../../../streams/channel-id.js';
import type { Decided } from '../../../streams/events/decided.js';
import type { SshEvent } from '../../../streams/events/ssh-event.js';
import { SSH_REQUEST_TYPES, type SshRequest } from '../../../streams/events/ssh-request.js';
import type { ConnectionTrace } from '../history-trace.js';

const REQUESTS: ReadonlySet<string> = new Set(SSH_REQUEST_TYPES);

/** What belongs to a channel and comes neither before it was opened nor after it was closed. */
const OF_CHANNELS: ReadonlySet<string> = new Set([
  'SSHChannelRequest',
  'SSHChannelRequested',
  'SSHChannelDataIn',
  'SSHChannelEOF',
  'SSHChannelReadyToSend',
]);

const isRequest = (event: SshEvent): event is SshRequest => REQUESTS.has(event.type);

/** Reads the events of one connection as the story that they are to tell. */
export class EventReader {
  /** Requests, and how each was decided. */
  readonly #decided = new Map<SshRequest, Decided['outcome'] | undefined>();
  readonly #channels = new Set<ChannelId>();
  #begun = false;
  #connected = false;
  #disconnected = false;
  #refused = false;

  /** What is wrong with the events, one line each. */
  *read({ entries }: ConnectionTrace): Iterable<string> {
    for (const entry of entries) {
      if (entry.kind === 'event') yield* this.#onEvent(entry.event);
      else if (entry.kind === 'quiet' && !this.#disconnected) yield* this.#undecided();
    }
    if (this.#connected && !this.#disconnected) yield 'it was never Disconnected';
  }

  *#onEvent(event: SshEvent): Iterable<string> {
    if (this.#disconnected) yield `${event.type} behind Disconnected`;
    if (!this.#begun && event.type !== 'ConnectionRequest') yield `${event.type} before ConnectionRequest`;
    this.#begun = true;
    if (isRequest(event)) {
      if (this.#decided.has(event)) yield `${event.type} twice`;
      this.#decided.set(event, undefined);
    }
    if (OF_CHANNELS.has(event.type) && 'channel' in event) {
      if (!this.#channels.has(event.channel)) yield `${event.type} of channel ${event.channel}, which is not open`;
    }
    switch (event.type) {
      case 'Decided':
        yield* this.#onDecided(event);
        return;
      case 'Connected':
        if (this.#connected || this.#refused) yield 'Connected, and that was decided otherwise';
        this.#connected = true;
        return;
      case 'Disconnected':
        if (!this.#connected) yield 'Disconnected without Connected';
        if (this.#channels.size > 0) yield `Disconnected with open channels: ${[...this.#channels].join(', ')}`;
        this.#disconnected = true;
        return;
      case 'SSHChannelOpened':
        if (this.#channels.has(event.channel)) yield `channel ${event.channel} was opened twice`;
        this.#channels.add(event.channel);
        return;
      case 'SSHChannelClosed':
        if (!this.#channels.delete(event.channel)) yield `channel ${event.channel} was closed and not open`;
        return;
      default:
    }
  }

  *#onDecided({ request, outcome }: Decided): Iterable<string> {
    const before = this.#decided.get(request);
    if (outcome === 'revoked') return;
    if (!this.#decided.has(request)) yield `Decided about a ${request.type} that nobody made`;
    else if (before !== undefined) yield `${request.type} was ${before} and then ${outcome}`;
    this.#decided.set(request, outcome);
    if (request.type === 'ConnectionRequest' && outcome === 'denied') this.#refused = true;
  }

  *#undecided(): Iterable<string> {
    // Who has gone before it was let in hears no answer, and no event tells that.
    if (!this.#connected) return;
    for (const [request, outcome] of this.#decided) {
      if (outcome === undefined) yield `${request.type} was never decided`;
    }
  }
}
