import { type ChannelId, channelId } from '../../streams/channel-id.js';
import { type ConnectionId, connectionId } from '../../streams/connection-id.js';
import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { natural, text } from './plain-fields.js';
import { struct } from './struct.js';

const CONNECTION_ID = /^c(\d{1,15})$/;
const CHANNEL_ID = /^c(\d{1,15})\.(\d{1,10})$/;

const idOfConnection: FieldCodec<ConnectionId> = {
  write: (value) => JSON.stringify(value),
  read: (json, path) => {
    const [, ordinal] = (typeof json === 'string' ? CONNECTION_ID.exec(json) : null) ?? [];
    if (ordinal !== undefined) return connectionId(Number(ordinal));
    throw new FieldError(path, 'must be the id of a connection', json);
  },
};

/** The id of a channel. */
export const idOfChannel: FieldCodec<ChannelId> = {
  write: (value) => JSON.stringify(value),
  read: (json, path) => {
    const [, ordinal, localNumber] = (typeof json === 'string' ? CHANNEL_ID.exec(json) : null) ?? [];
    if (ordinal !== undefined && localNumber !== undefined) {
      return channelId(connectionId(Number(ordinal)), Number(localNumber));
    }
    throw new FieldError(path, 'must be the id of a channel', json);
  },
};

const inFull = struct<ConnectionInfo>({
  id: idOfConnection,
  remoteAddress: text,
  remotePort: natural,
  localAddress: text,
  localPort: natural,
});

/** A connection: in full where a part of a recording first speaks of it, its id from then on. */
export const connection: FieldCodec<ConnectionInfo> = {
  write: (value, memory) => (memory.mention(value) ? JSON.stringify(value.id) : inFull.write(value, memory)),
  read: (json, path, memory) => {
    if (typeof json !== 'string') return memory.noteConnection(inFull.read(json, path, memory));
    const known = memory.connection(json);
    if (known === undefined) throw new FieldError(path, 'must be a connection that an earlier line describes', json);
    return known;
  },
};
