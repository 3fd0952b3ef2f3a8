import { CHANNEL_DATA_HEADER_LENGTH, CHANNEL_EXTENDED_DATA_HEADER_LENGTH } from './channel-data-header.js';

/*
 * Readers for the messages of the data plane. They allocate nothing but the view on the data. The message number is
 * the caller's to check: it has already chosen by it. All are total; undefined means malformed.
 */

const CHANNEL_OFFSET = 1;
const ADJUST_LENGTH = 9;

/** `recipientChannel` of any message from 91 to 100: the channel number of the one who receives it. */
export function readRecipientChannel(payload: Buffer): number | undefined {
  return payload.length < CHANNEL_OFFSET + 4 ? undefined : payload.readUInt32BE(CHANNEL_OFFSET);
}

/** `data` of SSH_MSG_CHANNEL_DATA, as a view on the payload. */
export function readChannelData(payload: Buffer): Buffer | undefined {
  return readBody(payload, CHANNEL_DATA_HEADER_LENGTH);
}

/** `data` of SSH_MSG_CHANNEL_EXTENDED_DATA, as a view on the payload. */
export function readChannelExtendedData(payload: Buffer): Buffer | undefined {
  return readBody(payload, CHANNEL_EXTENDED_DATA_HEADER_LENGTH);
}

/** `dataTypeCode` of SSH_MSG_CHANNEL_EXTENDED_DATA. */
export function readDataTypeCode(payload: Buffer): number | undefined {
  return payload.length < CHANNEL_EXTENDED_DATA_HEADER_LENGTH ? undefined : payload.readUInt32BE(CHANNEL_OFFSET + 4);
}

/** `bytesToAdd` of SSH_MSG_CHANNEL_WINDOW_ADJUST. */
export function readBytesToAdd(payload: Buffer): number | undefined {
  return payload.length === ADJUST_LENGTH ? payload.readUInt32BE(CHANNEL_OFFSET + 4) : undefined;
}

/** The string that fills the payload from its header on; the last four bytes of the header are its length. */
function readBody(payload: Buffer, headerLength: number): Buffer | undefined {
  if (payload.length < headerLength) return undefined;
  if (payload.readUInt32BE(headerLength - 4) !== payload.length - headerLength) return undefined;
  return payload.subarray(headerLength);
}
