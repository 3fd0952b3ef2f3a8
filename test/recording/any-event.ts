import fc, { type Arbitrary } from 'fast-check';

import {
  type AuthKey,
  type Certificate,
  type ConnectionInfo,
  type Decided,
  DenyReason,
  type Identity,
  type PassedStep,
  Secret,
  type SshEvent,
  SshServerError,
  type SshEvents,
  type SshEventType,
  type SshRequest,
  type SSHUserAuthRequest,
} from '../../src/index.js';
import { ChannelOpenDetail } from '../../src/protocol/messages/channel-open-detail.js';
import { ChannelRequestDetail } from '../../src/protocol/messages/channel-request-detail.js';
import { GlobalRequestDetail } from '../../src/protocol/messages/global-request-detail.js';
import { channelId } from '../../src/streams/channel-id.js';
import { connectionId } from '../../src/streams/connection-id.js';
import { PHASES } from '../../src/streams/phase.js';
import { DisconnectReason } from '../../src/transport/messages/disconnect-reason.js';
import { decodeUtf8 } from '../../src/transport/wire/utf8.js';
import { anyBytes, arbitraryTail } from '../support/arbitrary-of.js';
import { anyLogStep } from './any-log-step.js';

type Fields<Type extends SshEventType> = Arbitrary<Omit<SshEvents[Type], 'type'>>;

/** Text as a peer sends it, which may be no UTF-8. */
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), anyBytes.map(decodeUtf8));
const secret = anyText.map((text) => new Secret(text));
const count = fc.nat();

/** Five connections, each with one object, as a server has it. */
const connections: readonly ConnectionInfo[] = Array.from({ length: 5 }, (_nothing, index) => ({
  id: connectionId(index + 1),
  remoteAddress: `192.0.2.${String(index)}`,
  remotePort: 40_000 + index,
  localAddress: '2001:db8::1',
  localPort: 22,
}));
const connection = fc.constantFrom(...connections);
const channel = fc.record({ ordinal: fc.nat(9), localNumber: fc.nat(99) }).map(({ ordinal, localNumber }) =>
  // Whatever the connection: the two are written apart.
  channelId(connectionId(ordinal), localNumber),
);
const passed: Arbitrary<readonly PassedStep[]> = fc.array(
  fc.record(
    { method: anyText, by: anyText, keyFingerprint: anyText, keyType: anyText },
    { requiredKeys: ['method', 'by'], noNullPrototype: true },
  ),
  { maxLength: 3 },
);
const identity: Arbitrary<Identity> = fc.oneof(
  fc.record({ user: anyText, method: anyText }, { noNullPrototype: true }),
  fc.record({ user: anyText, method: anyText, keyFingerprint: anyText, steps: passed }, { noNullPrototype: true }),
);
const revoked = fc.record({ by: anyText, message: anyText }, { noNullPrototype: true });
const reason = fc.constantFrom(...Object.values(DenyReason));

/** A record whose fields `optional` may be absent. */
const fields = <T extends object>(
  model: { readonly [Name in keyof T]-?: Arbitrary<T[Name]> },
  ...absent: (keyof T)[]
) =>
  // The model has every field, and only those that may be absent are.
  fc.record(model, {
    noNullPrototype: true,
    requiredKeys: Object.keys(model).filter((key) => !absent.includes(key as keyof T)) as never[],
  }) as unknown as Arbitrary<T>;

const options = fc.array(fc.record({ name: anyText, value: anyText }, { noNullPrototype: true }), { maxLength: 3 });

const anyCertificate = fields<Certificate>(
  {
    serial: anyText,
    keyId: anyText,
    principals: fc.array(anyText, { maxLength: 3 }),
    validAfter: count,
    validBefore: count,
    criticalOptions: options,
    extensions: options,
    authority: fields({ type: anyText, blob: anyBytes, fingerprint: anyText }),
    publicKey: anyBytes,
  },
  'validBefore',
);

const anyKey = fields<AuthKey>(
  {
    type: anyText,
    blob: anyBytes,
    fingerprint: anyText,
    bits: count,
    application: anyText,
    certificate: anyCertificate,
  },
  'application',
  'certificate',
);

/** All but what was passed before. */
const COMMON: ('connection' | 'user' | 'service' | 'ordinal')[] = ['connection', 'user', 'service', 'ordinal'];

const authRequest: Arbitrary<SSHUserAuthRequest> = fc
  .record(
    { connection, user: anyText, service: anyText, ordinal: count, passed },
    { requiredKeys: COMMON, noNullPrototype: true },
  )
  .chain((common) => {
    const begin = { type: 'SSHUserAuthRequest', ...common } as const;
    return fc.oneof(
      fc.constant({ ...begin, method: 'none' } as const),
      secret.map((password) => ({ ...begin, method: 'password', password }) as const),
      fc.tuple(secret, secret).map(([password, newPassword]) => {
        return { ...begin, method: 'password', password, newPassword } as const;
      }),
      fc
        .tuple(fc.constantFrom('offered', 'proven', 'refuted'), anyText, anyKey)
        .map(([stage, algorithm, it]) => ({ ...begin, method: 'publickey', stage, algorithm, key: it }) as const),
      fc
        .record({ touched: fc.boolean(), userVerified: fc.boolean(), counter: count }, { noNullPrototype: true })
        .chain((securityKey) =>
          anyKey.map((key) => {
            return { ...begin, method: 'publickey', stage: 'proven', algorithm: 'x', key, securityKey } as const;
          }),
        ),
      fc.array(anyText, { maxLength: 3 }).map((submethods) => {
        return { ...begin, method: 'keyboard-interactive', stage: 'started', submethods } as const;
      }),
      fc.tuple(count, fc.array(secret, { maxLength: 3 })).map(([round, answers]) => {
        return { ...begin, method: 'keyboard-interactive', stage: 'answered', round, answers } as const;
      }),
      fc
        .tuple(fc.constantFrom('proven', 'refuted'), anyText, anyKey, anyText, anyText)
        .map(([stage, algorithm, it, clientHostName, clientUserName]) => {
          return { ...begin, method: 'hostbased', stage, algorithm, key: it, clientHostName, clientUserName } as const;
        }),
      anyText.map((name) => ({ ...begin, method: 'other', name }) as const),
    );
  });

const channelRequest = arbitraryTail(ChannelRequestDetail).chain((detail) =>
  fields<Omit<SshEvents['SSHChannelRequest'], 'type'>>({
    connection,
    identity,
    channel,
    channelType: anyText,
    requestType: fc.constant(ChannelRequestDetail.nameOf(detail)),
    wantReply: fc.boolean(),
    detail: fc.constant(detail),
    data: fc.constant(ChannelRequestDetail.encode(detail)),
  }),
);

type RequestModel = { readonly [Type in Exclude<SshRequest['type'], 'SSHUserAuthRequest'>]: Fields<Type> };
const requests: RequestModel = {
  ConnectionRequest: fields({ connection }),
  SSHServiceRequest: fields({ connection, service: anyText }),
  SSHChannelOpenRequest: arbitraryTail(ChannelOpenDetail).chain((detail) =>
    fields({
      connection,
      identity,
      channel,
      channelType: fc.constant(ChannelOpenDetail.nameOf(detail)),
      detail: fc.constant(detail),
      data: fc.constant(ChannelOpenDetail.encode(detail)),
    }),
  ),
  SSHChannelRequest: channelRequest,
  SSHGlobalRequest: arbitraryTail(GlobalRequestDetail).chain((detail) =>
    fields({
      connection,
      identity,
      requestType: fc.constant(GlobalRequestDetail.nameOf(detail)),
      wantReply: fc.boolean(),
      detail: fc.constant(detail),
      data: fc.constant(GlobalRequestDetail.encode(detail)),
    }),
  ),
};

/** Any event of a table of arbitraries, under its name. */
const named = (table: Readonly<Record<string, Arbitrary<object>>>): Arbitrary<SshEvent>[] =>
  // Each arbitrary makes the fields of the event under whose name it stands.
  Object.entries(table).map(([type, it]) => it.map((rest) => ({ type, ...rest }) as unknown as SshEvent));

const anyRequest: Arbitrary<SshRequest> = fc.oneof(
  authRequest,
  // These are exactly the requests.
  ...(named(requests) as unknown as Arbitrary<SshRequest>[]),
);

type NoticeModel = {
  readonly [Type in Exclude<SshEventType, SshRequest['type'] | 'Decided' | 'ShadowDecided'>]: Fields<Type>;
};
const notices: NoticeModel = {
  Connected: fields({ connection }),
  Disconnected: fields<Omit<SshEvents['Disconnected'], 'type'>>(
    {
      connection,
      identity,
      by: fc.constantFrom('peer', 'server', 'network'),
      // The names of the table.
      reason: fc.constantFrom(...(Object.keys(DisconnectReason) as (keyof typeof DisconnectReason)[])),
      description: anyText,
      revoked,
      bytesReceived: count,
      bytesSent: count,
    },
    'identity',
    'reason',
    'revoked',
  ),
  Error: fields<Omit<SshEvents['Error'], 'type'>>(
    {
      connection,
      channel,
      error: anyText.map((message) => new SshServerError('ERR_SSH_HANDLER_FAILED', message)),
      source: anyText,
    },
    'connection',
    'channel',
    'source',
  ),
  Log: fields<Omit<SshEvents['Log'], 'type'>>(
    { connection, level: fc.constantFrom(1, 2, 3), message: anyText, step: anyLogStep },
    'step',
  ),
  SSHStatus: fields<Omit<SshEvents['SSHStatus'], 'type'>>({ connection, message: anyText, step: anyLogStep }, 'step'),
  SSHChannelOpened: fields({ connection, channel, channelType: anyText }),
  SSHChannelClosed: fields<Omit<SshEvents['SSHChannelClosed'], 'type'>>(
    {
      connection,
      channel,
      channelType: anyText,
      exit: fc.oneof(fields({ status: count }), fields({ signal: anyText })),
      revoked,
      bytesReceived: count,
      bytesSent: count,
    },
    'exit',
    'revoked',
  ),
  SSHChannelDataIn: fields({ connection, channel, data: anyBytes, dataType: count }),
  SSHChannelEOF: fields({ connection, channel }),
  SSHChannelReadyToSend: fields({ connection, channel }),
  SSHChannelRequested: channelRequest,
};

interface Decision {
  readonly by: string;
  readonly source: string;
  readonly elapsedMs: number;
  readonly phase: Decided['phase'];
}
const decision = fields<Decision>({
  by: anyText,
  source: anyText,
  elapsedMs: count,
  phase: fc.constantFrom(...PHASES),
});

/** Any decision about `request`. */
const decisionOn = (request: SshRequest): Arbitrary<SshEvent> =>
  decision.chain((common) => {
    const begin = { type: 'Decided', connection: request.connection, request, ...common } as const;
    const { by, elapsedMs } = common;
    const shadowed = { connection: request.connection, request, by, elapsedMs } as const;
    return fc.oneof<Arbitrary<SshEvent>[]>(
      fc.constant({ ...begin, outcome: 'granted' }),
      fc.constant({ ...begin, outcome: 'granted', provisional: true }),
      fc.constant({ ...begin, outcome: 'granted', provisional: true, partial: true }),
      reason.map((it) => ({ ...begin, outcome: 'denied', reason: it })),
      fc.tuple(reason, fields({ by: anyText, source: anyText })).map(([it, overruled]) => {
        return { ...begin, outcome: 'denied', reason: it, overruled };
      }),
      anyText.map((message) => ({ ...begin, outcome: 'revoked', message })),
      fc.constant({ ...shadowed, type: 'ShadowDecided', outcome: 'open', leases: 2 }),
      reason.map((it) => ({ ...shadowed, type: 'ShadowDecided', outcome: 'denied', reason: it, leases: 0 })),
    );
  });

/** Any event: of every type, with every combination of fields that may be absent. */
const anyEvent: Arbitrary<SshEvent> = fc.oneof(anyRequest, anyRequest.chain(decisionOn), ...named(notices));

/** What a server may emit, one after the other: decisions are about requests that were emitted, or about others. */
export const anyEvents: Arbitrary<readonly SshEvent[]> = fc
  .array(fc.tuple(anyEvent, fc.nat()), { maxLength: 30 })
  .chain((drafts) => {
    const emitted = drafts.flatMap(([event]) => (event.type.endsWith('Request') ? [event as SshRequest] : []));
    const events = drafts.map(([event, choice]): Arbitrary<SshEvent> => {
      const request = emitted[choice % Math.max(1, emitted.length)];
      return event.type === 'Decided' && request !== undefined && choice % 4 !== 0
        ? decisionOn(request)
        : fc.constant(event);
    });
    return fc.tuple(...events);
  });
