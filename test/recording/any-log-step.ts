import fc, { type Arbitrary } from 'fast-check';

import { DenyReason, type LogStep } from '../../src/index.js';
import { channelId } from '../../src/streams/channel-id.js';
import { connectionId } from '../../src/streams/connection-id.js';
import { DisconnectReason, type DisconnectReasonName } from '../../src/transport/messages/disconnect-reason.js';
import type { NegotiatedAlgorithms } from '../../src/transport/transport-listener.js';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const count = fc.nat();
const reason = fc.constantFrom(...Object.values(DenyReason));
// The names of the table.
const disconnectReason = fc.constantFrom(...(Object.keys(DisconnectReason) as DisconnectReasonName[]));
const channel = fc.nat(99).map((localNumber) => channelId(connectionId(1), localNumber));
const startedBy = fc.constantFrom('client', 'server');
const auth = { user: text, method: text, ordinal: count };

/** A record of all `required` fields, of which those of `optional` may be absent. */
const record = <T>(
  required: Readonly<Record<string, Arbitrary<unknown>>>,
  optional: Readonly<Record<string, Arbitrary<unknown>>> = {},
) =>
  fc.record(
    { ...required, ...optional },
    { noNullPrototype: true, requiredKeys: Object.keys(required) },
    // The callers say what these are, and the codec compares every field.
  ) as Arbitrary<T>;

const algorithms = record<NegotiatedAlgorithms>(
  { keyExchange: text, hostKey: text, cipherIn: text, cipherOut: text, macIn: text, macOut: text },
  { compressionIn: text, compressionOut: text },
);

/** Every kind of step, so that one that is new does not compile until it is here. */
const steps: { readonly [Kind in LogStep['kind']]: Arbitrary<object> } = {
  connected: record({}),
  'connection-refused': record({ by: text, reason }),
  'greeting-sent': record({ length: count }),
  identified: record({ clientVersion: text }),
  'client-refused': record({ clientVersion: text }),
  'key-exchange-begun': record({ by: startedBy, ordinal: count }),
  'algorithms-negotiated': record({ algorithms, ordinal: count }),
  'keys-exchanged': record({ algorithms, ordinal: count }),
  'service-accepted': record({ service: text }),
  'service-refused': record({ service: text, reason }),
  'banner-sent': record({ length: count }),
  'auth-requested': record(auth),
  'auth-answered': record({ ...auth, outcome: text }),
  'auth-failed': record({ ...auth, by: text, reason }),
  authenticated: record({ user: text, method: text }, { keyFingerprint: text }),
  'command-forced': record({ requestType: text }),
  'channel-opened': record({ channel, channelType: text }),
  'channel-refused': record({ channelType: text, by: text, reason }),
  'channel-requested': record({ channel, requestType: text, granted: fc.boolean() }),
  'channel-eof': record({ channel }),
  'channel-closed': record({ channel, channelType: text }),
  'global-requested': record({ requestType: text, granted: fc.boolean() }),
  'user-told': record({ text }),
  packet: record({ direction: fc.constantFrom('in', 'out'), number: count, name: text, length: count }),
  disconnected: record(
    { by: fc.constantFrom('peer', 'server', 'network'), description: text },
    { reason: disconnectReason },
  ),
};

/** Any step, of any kind. */
export const anyLogStep: Arbitrary<LogStep> = fc.oneof(
  // Each arbitrary makes the fields of the step under whose kind it stands.
  ...Object.entries(steps).map(([kind, it]) => it.map((rest) => ({ kind, ...rest }) as unknown as LogStep)),
);
