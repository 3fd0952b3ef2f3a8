import { DenyReason } from '../../streams/deny-reason.js';
import type { LogStep } from '../../streams/events/log-step.js';
import { DisconnectReason, type DisconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import type { NegotiatedAlgorithms } from '../../transport/transport-listener.js';
import { idOfChannel } from './connection-fields.js';
import type { FieldCodec } from './field-codec.js';
import { flag, kindOf, natural, oneOf, text } from './plain-fields.js';
import { optional, struct, type StructFields } from './struct.js';
import { type Member, variant } from './variant.js';

/** `Object.keys` widens to string; these are exactly the names. */
const disconnectReason = oneOf(...(Object.keys(DisconnectReason) as DisconnectReasonName[]));
const denyReason = kindOf(...Object.values(DenyReason));
const algorithms = struct<NegotiatedAlgorithms>({
  keyExchange: text,
  hostKey: text,
  cipherIn: text,
  cipherOut: text,
  macIn: text,
  macOut: text,
  compressionIn: optional(text),
  compressionOut: optional(text),
});
const startedBy = oneOf('client', 'server');
const auth = { user: text, method: text, ordinal: natural };

/** The fields of each step. A step that is new does not compile until somebody has thought of its secrets. */
const steps: {
  readonly [Kind in LogStep['kind']]: StructFields<Omit<Extract<LogStep, { readonly kind: Kind }>, 'kind'>>;
} = {
  connected: {},
  'connection-refused': { by: text, reason: denyReason },
  'greeting-sent': { length: natural },
  identified: { clientVersion: text },
  'client-refused': { clientVersion: text },
  'key-exchange-begun': { by: startedBy, ordinal: natural },
  'algorithms-negotiated': { algorithms, ordinal: natural },
  'keys-exchanged': { algorithms, ordinal: natural },
  'service-accepted': { service: text },
  'service-refused': { service: text, reason: denyReason },
  'banner-sent': { length: natural },
  'auth-requested': auth,
  'auth-answered': { ...auth, outcome: text },
  'auth-failed': { ...auth, by: text, reason: denyReason },
  authenticated: { user: text, method: text, keyFingerprint: optional(text) },
  'command-forced': { requestType: text },
  'channel-opened': { channel: idOfChannel, channelType: text },
  'channel-refused': { channelType: text, by: text, reason: denyReason },
  'channel-requested': { channel: idOfChannel, requestType: text, granted: flag },
  'channel-eof': { channel: idOfChannel },
  'channel-closed': { channel: idOfChannel, channelType: text },
  'global-requested': { requestType: text, granted: flag },
  'user-told': { text },
  packet: { direction: oneOf('in', 'out'), number: natural, name: text, length: natural },
  disconnected: {
    by: oneOf('peer', 'server', 'network'),
    reason: optional(disconnectReason),
    description: text,
  },
};

// The fields go with the step of this kind, which is lost in a list.
const members = Object.fromEntries(
  Object.entries(steps).map(([kind, fields]) => [kind, struct({ kind: oneOf(kind), ...fields })]),
) as unknown as Readonly<Record<string, Member<LogStep>>>;

/** What happened on a connection, as data. Nothing of it is a secret. */
export const logStep: FieldCodec<LogStep> = variant<LogStep>(({ kind }) => kind, members);
