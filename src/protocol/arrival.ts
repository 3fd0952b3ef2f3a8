import type { PacketTransport } from '../transport/packet-transport.js';
import type { TransportListener } from '../transport/transport-listener.js';
import type { TransportSettings } from '../transport/transport-settings.js';
import type { VerifySignature } from './authentication/signature.js';

/** A client at the door: somebody whom the server knows nothing of but where it comes from. */
export interface Arrival {
  /** How what its keys have signed is verified. Default {@link verifyUserAuthSignature}, the only one for real clients. */
  readonly verifySignature?: VerifySignature;
  /** Whether it has left again. */
  readonly isGone: boolean;
  /** Calls `gone` once if it leaves before {@link enter}. @returns a function that stops waiting for that */
  whenGone(gone: () => void): () => void;
  /** Turns it away without a word. */
  turnAway(): void;
  /** Lets it in: what carries its messages from now on. */
  enter(listener: TransportListener, settings: TransportSettings): PacketTransport;
}
