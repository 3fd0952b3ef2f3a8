import { SSH_MSG } from '../../transport/messages/message-number.js';

/** Bytes of SSH_MSG_CHANNEL_DATA before its data (RFC 4254 section 5.2). */
export const CHANNEL_DATA_HEADER_LENGTH = 9;

/** Bytes of SSH_MSG_CHANNEL_EXTENDED_DATA before its data (RFC 4254 section 5.2). */
export const CHANNEL_EXTENDED_DATA_HEADER_LENGTH = 13;

/** `dataTypeCode` of a program's stderr (RFC 4254 section 5.2). */
export const SSH_EXTENDED_DATA_STDERR = 1;

/**
 * Writes the header of SSH_MSG_CHANNEL_DATA into `target`, and returns the offset behind it, where `dataLength` bytes
 * of data go. So data is copied once, into the packet, and never into a payload of its own.
 *
 * @throws RangeError if the header does not fit or a number is out of range.
 */
export function writeChannelDataHeader(
  target: Buffer,
  offset: number,
  recipientChannel: number,
  dataLength: number,
): number {
  const channelAt = target.writeUInt8(SSH_MSG.CHANNEL_DATA, offset);
  return target.writeUInt32BE(dataLength, target.writeUInt32BE(recipientChannel, channelAt));
}

/**
 * Writes the header of SSH_MSG_CHANNEL_EXTENDED_DATA, likewise.
 *
 * @throws RangeError if the header does not fit or a number is out of range.
 */
export function writeChannelExtendedDataHeader(
  target: Buffer,
  offset: number,
  recipientChannel: number,
  dataTypeCode: number,
  dataLength: number,
): number {
  const channelAt = target.writeUInt8(SSH_MSG.CHANNEL_EXTENDED_DATA, offset);
  const typeAt = target.writeUInt32BE(recipientChannel, channelAt);
  return target.writeUInt32BE(dataLength, target.writeUInt32BE(dataTypeCode, typeAt));
}

/** Length of a whole SSH_MSG_CHANNEL_WINDOW_ADJUST. */
export const CHANNEL_WINDOW_ADJUST_LENGTH = 9;

/** Writes a whole SSH_MSG_CHANNEL_WINDOW_ADJUST (RFC 4254 section 5.2) to the start of `target`. */
export function writeChannelWindowAdjust(target: Buffer, recipientChannel: number, bytesToAdd: number): void {
  const channelAt = target.writeUInt8(SSH_MSG.CHANNEL_WINDOW_ADJUST, 0);
  target.writeUInt32BE(bytesToAdd, target.writeUInt32BE(recipientChannel, channelAt));
}
