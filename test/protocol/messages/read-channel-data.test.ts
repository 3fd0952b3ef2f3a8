import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ChannelData, ChannelExtendedData, ChannelWindowAdjust } from '../../../src/protocol/messages/channel-data.js';
import {
  CHANNEL_DATA_HEADER_LENGTH,
  CHANNEL_EXTENDED_DATA_HEADER_LENGTH,
  SSH_EXTENDED_DATA_STDERR,
  writeChannelDataHeader,
  writeChannelExtendedDataHeader,
} from '../../../src/protocol/messages/channel-data-header.js';
import {
  readBytesToAdd,
  readChannelData,
  readChannelExtendedData,
  readDataTypeCode,
  readRecipientChannel,
} from '../../../src/protocol/messages/read-channel-data.js';
import { anyBytes, arbitraryFields } from '../../support/arbitrary-of.js';

/** Payloads of one message that are whole, cut short, too long, or damaged in one byte. */
function payloadsOf<T>(codec: {
  readonly number: number;
  readonly fields: Parameters<typeof arbitraryFields<T>>[0];
  encode(value: T): Buffer;
}) {
  const whole = arbitraryFields<T>(codec.fields).map((value) => codec.encode(value));
  const cut = fc.tuple(whole, fc.nat(100)).map(([payload, length]) => payload.subarray(0, 1 + length));
  const long = fc.tuple(whole, anyBytes).map((parts) => Buffer.concat(parts));
  const damaged = fc.tuple(whole, fc.nat(12), fc.nat(255)).map(([payload, at, byte]) => {
    const copy = Buffer.from(payload);
    if (at > 0 && at < copy.length) copy[at] = byte;
    return copy;
  });
  const noise = anyBytes.map((bytes) => Buffer.concat([Buffer.of(codec.number), bytes]));
  return fc.oneof(whole, cut, long, damaged, noise);
}

describe('the quick readers agree with the codecs on every payload', () => {
  it('reads SSH_MSG_CHANNEL_DATA', () => {
    fc.assert(
      fc.property(payloadsOf(ChannelData), (payload) => {
        const decoded = ChannelData.decode(payload);
        expect(readChannelData(payload)).toEqual(decoded?.data);
        if (decoded) expect(readRecipientChannel(payload)).toBe(decoded.recipientChannel);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads SSH_MSG_CHANNEL_EXTENDED_DATA', () => {
    fc.assert(
      fc.property(payloadsOf(ChannelExtendedData), (payload) => {
        const decoded = ChannelExtendedData.decode(payload);
        expect(readChannelExtendedData(payload)).toEqual(decoded?.data);
        if (decoded) expect(readRecipientChannel(payload)).toBe(decoded.recipientChannel);
        if (decoded) expect(readDataTypeCode(payload)).toBe(decoded.dataTypeCode);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads SSH_MSG_CHANNEL_WINDOW_ADJUST', () => {
    fc.assert(
      fc.property(payloadsOf(ChannelWindowAdjust), (payload) => {
        const decoded = ChannelWindowAdjust.decode(payload);
        expect(readBytesToAdd(payload)).toBe(decoded?.bytesToAdd);
        if (decoded) expect(readRecipientChannel(payload)).toBe(decoded.recipientChannel);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws for any bytes', () => {
    fc.assert(
      fc.property(anyBytes, (payload) => {
        if (payload.length < 5) expect(readRecipientChannel(payload)).toBeUndefined();
        if (payload.length < 9) expect(readChannelData(payload)).toBeUndefined();
        if (payload.length < 13) expect(readChannelExtendedData(payload)).toBeUndefined();
        if (payload.length < 13) expect(readDataTypeCode(payload)).toBeUndefined();
        if (payload.length !== 9) expect(readBytesToAdd(payload)).toBeUndefined();
      }),
    );
  });

  it('hands out a view, not a copy', () => {
    const payload = ChannelData.encode({ recipientChannel: 1, data: Buffer.from('abc') });
    const data = readChannelData(payload);
    payload.write('X', CHANNEL_DATA_HEADER_LENGTH);

    expect(data?.toString()).toBe('Xbc');
  });
});

describe('the headers', () => {
  const channel = fc.integer({ min: 0, max: 0xffff_ffff });

  it('begin SSH_MSG_CHANNEL_DATA at any offset', () => {
    fc.assert(
      fc.property(channel, anyBytes, fc.nat(20), (recipientChannel, data, offset) => {
        const packet = Buffer.alloc(offset + CHANNEL_DATA_HEADER_LENGTH + data.length);
        const bodyAt = writeChannelDataHeader(packet, offset, recipientChannel, data.length);
        packet.set(data, bodyAt);

        expect(bodyAt).toBe(offset + CHANNEL_DATA_HEADER_LENGTH);
        expect(packet.subarray(offset)).toEqual(ChannelData.encode({ recipientChannel, data }));
      }),
    );
  });

  it('begin SSH_MSG_CHANNEL_EXTENDED_DATA at any offset', () => {
    fc.assert(
      fc.property(channel, anyBytes, fc.nat(20), (recipientChannel, data, offset) => {
        const dataTypeCode = SSH_EXTENDED_DATA_STDERR;
        const packet = Buffer.alloc(offset + CHANNEL_EXTENDED_DATA_HEADER_LENGTH + data.length);
        const bodyAt = writeChannelExtendedDataHeader(packet, offset, recipientChannel, dataTypeCode, data.length);
        packet.set(data, bodyAt);

        expect(bodyAt).toBe(offset + CHANNEL_EXTENDED_DATA_HEADER_LENGTH);
        expect(packet.subarray(offset)).toEqual(ChannelExtendedData.encode({ recipientChannel, dataTypeCode, data }));
      }),
    );
  });
});
