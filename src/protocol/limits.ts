/** How much one peer may ask for. Counts are per connection. */
export interface ProtocolLimits {
  /** Failed authentication attempts; the next one disconnects. Queries (`none`, offered keys) are not failures. Default 6. */
  readonly maxAuthFailures: number;
  /** Authentication requests of any kind, and answers to questions; the next one disconnects. Default 64. */
  readonly maxAuthRequests: number;
  /** Channels at once, those being decided included. Default 64. */
  readonly maxChannels: number;
  /** Requests waiting for an answer: per channel, and of the connection as a whole. Default 256. */
  readonly maxWaitingRequests: number;
  /** Bytes of requests that wait for an answer on all channels together; the next one disconnects. Default 1 MiB. */
  readonly maxWaitingRequestBytes: number;
  /** Key exchanges before authentication, the first included. Default 3. */
  readonly maxKeyExchangesBeforeAuth: number;
  /** Window granted to the peer on each channel, in bytes. Default 2 MiB. */
  readonly windowSize: number;
  /**
   * Largest block of channel data the peer is asked to send, in bytes. Default 32 KiB. Like OpenSSH, this server takes larger
   * ones as well, as far as the window and the limit on packets (35,000 bytes) go.
   */
  readonly maxPacketSize: number;
  /** A channel whose peer takes less than this in one block is refused, in bytes. Default 256. */
  readonly minPeerPacketSize: number;
}

/** What holds unless configured otherwise. */
export const DEFAULT_LIMITS: ProtocolLimits = {
  maxAuthFailures: 6,
  maxAuthRequests: 64,
  maxChannels: 64,
  maxWaitingRequests: 256,
  maxWaitingRequestBytes: 1024 * 1024,
  maxKeyExchangesBeforeAuth: 3,
  windowSize: 2 * 1024 * 1024,
  maxPacketSize: 32 * 1024,
  minPeerPacketSize: 256,
};
