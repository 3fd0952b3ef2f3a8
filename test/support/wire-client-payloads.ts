import { wireBytes, type WirePart } from './wire-bytes.js';

/*
 * Payloads as a client sends them, written out by hand: what a hostile client sends must not depend on the codecs under
 * test.
 */

export const serviceRequest = (name = 'ssh-userauth'): Buffer => wireBytes(5, name);

export const ignore = (data = 'nothing'): Buffer => wireBytes(2, data);

export const disconnect = (reason: number, description: string): Buffer => wireBytes(1, [reason], description, '');

const userauth = (user: string, method: string, ...rest: readonly WirePart[]): Buffer =>
  wireBytes(50, user, 'ssh-connection', method, ...rest);

export const authNone = (user = 'ann'): Buffer => userauth(user, 'none');

export const authPassword = (password: string, user = 'ann'): Buffer => userauth(user, 'password', 0, password);

export const authMethod = (method: string, ...rest: readonly WirePart[]): Buffer => userauth('ann', method, ...rest);

export interface ChannelOpenFields {
  readonly sender?: number;
  readonly type?: string;
  readonly window?: number;
  readonly maxPacket?: number;
}

export const channelOpen = (fields: ChannelOpenFields = {}): Buffer => {
  const { sender = 0, type = 'session', window = 2 * 1024 * 1024, maxPacket = 32 * 1024 } = fields;
  return wireBytes(90, type, [sender], [window], [maxPacket]);
};

export const windowAdjust = (channel: number, bytes: number): Buffer => wireBytes(93, [channel], [bytes]);

export const channelData = (channel: number, data: string | Buffer): Buffer =>
  wireBytes(94, [channel], [Buffer.byteLength(data)], Buffer.from(data));

export const channelExtendedData = (channel: number, type: number, data: string | Buffer): Buffer =>
  wireBytes(95, [channel], [type], [Buffer.byteLength(data)], Buffer.from(data));

export const channelEof = (channel: number): Buffer => wireBytes(96, [channel]);

export const channelClose = (channel: number): Buffer => wireBytes(97, [channel]);

export const channelRequest = (
  channel: number,
  type: string,
  wantReply: boolean,
  ...rest: readonly WirePart[]
): Buffer => wireBytes(98, [channel], type, wantReply ? 1 : 0, ...rest);

export const exec = (channel: number, command: string, wantReply = true): Buffer =>
  channelRequest(channel, 'exec', wantReply, command);

export const shell = (channel: number): Buffer => channelRequest(channel, 'shell', true);

export const globalRequest = (name: string, wantReply: boolean, ...rest: readonly WirePart[]): Buffer =>
  wireBytes(80, name, wantReply ? 1 : 0, ...rest);
