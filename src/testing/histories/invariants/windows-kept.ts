import { ChannelData, ChannelExtendedData, ChannelWindowAdjust } from '../../../protocol/messages/channel-data.js';
import { ChannelOpen, ChannelOpenConfirmation } from '../../../protocol/messages/channel-open.js';
import { readRecipientChannel } from '../../../protocol/messages/read-channel-data.js';
import { SSH_MSG } from '../../../transport/messages/message-number.js';
import { connectionsIn, type ConnectionTrace } from '../history-trace.js';
import type { Invariant } from './invariant.js';

interface Window {
  readonly clientNumber: number;
  readonly packetSize: number;
  bytes: number;
}

/** The server sends no more on a channel than the client takes, neither at once nor in one message (RFC 4254 section 5.2). */
export const windowsKept: Invariant = {
  name: 'windows kept',
  *check(trace) {
    for (const connection of connectionsIn(trace)) yield* overruns(connection);
  },
};

function* overruns({ name, entries }: ConnectionTrace): Iterable<string> {
  const offered: Window[] = [];
  const windows = new Map<number, Window>();
  for (const entry of entries) {
    if (entry.kind !== 'payload') continue;
    const payload = Buffer.from(entry.payload);
    const number = payload[0] ?? 0;
    if (entry.to === 'server') {
      if (number === SSH_MSG.CHANNEL_OPEN) {
        const open = ChannelOpen.decode(payload);
        if (open === undefined) continue;
        const { senderChannel: clientNumber, maximumPacketSize: packetSize, initialWindowSize: bytes } = open;
        offered.push({ clientNumber, packetSize, bytes });
      } else if (number === SSH_MSG.CHANNEL_WINDOW_ADJUST) {
        const adjust = ChannelWindowAdjust.decode(payload);
        const window = adjust === undefined ? undefined : windows.get(adjust.recipientChannel);
        if (window !== undefined) window.bytes += adjust?.bytesToAdd ?? 0;
      }
      continue;
    }
    if (number === SSH_MSG.CHANNEL_OPEN_CONFIRMATION || number === SSH_MSG.CHANNEL_OPEN_FAILURE) {
      const index = offered.findIndex(({ clientNumber }) => clientNumber === readRecipientChannel(payload));
      const [window] = index === -1 ? [] : offered.splice(index, 1);
      const confirmation = ChannelOpenConfirmation.decode(payload);
      if (confirmation !== undefined && window !== undefined) windows.set(confirmation.senderChannel, window);
      continue;
    }
    const length = dataLength(payload);
    if (length === undefined) continue;
    const [window, ...others] = [...windows.values()].filter(
      ({ clientNumber }) => clientNumber === readRecipientChannel(payload),
    );
    // A number given to two channels, or used again, says nothing about which window this takes from.
    if (window === undefined || others.length > 0) continue;
    window.bytes -= length;
    if (window.bytes < 0) yield `${name}: ${String(-window.bytes)} bytes more than the window takes`;
    if (length > window.packetSize) yield `${name}: ${String(length)} bytes in one message`;
  }
}

const dataLength = (payload: Buffer): number | undefined =>
  ChannelData.decode(payload)?.data.length ?? ChannelExtendedData.decode(payload)?.data.length;
