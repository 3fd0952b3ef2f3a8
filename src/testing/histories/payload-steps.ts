import { ChannelClose, ChannelEof } from '../../protocol/messages/channel-close.js';
import { ChannelData, ChannelExtendedData, ChannelWindowAdjust } from '../../protocol/messages/channel-data.js';
import { ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure } from '../../protocol/messages/channel-open.js';
import { ChannelFailure, ChannelRequest, ChannelSuccess } from '../../protocol/messages/channel-request.js';
import { ChannelRequestDetail } from '../../protocol/messages/channel-request-detail.js';
import { GlobalRequest, RequestFailure, RequestSuccess } from '../../protocol/messages/global-request.js';
import { UserauthInfoResponse } from '../../protocol/messages/userauth-info.js';
import { UserauthRequest } from '../../protocol/messages/userauth-request.js';
import { UserauthFailure, UserauthSuccess } from '../../protocol/messages/userauth-result.js';
import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ServiceAccept, ServiceRequest } from '../../transport/messages/service.js';
import { act } from '../simulation/client-action.js';
import type { Arbitrary, FastCheck } from './fast-check.js';
import type { HistoryOptions } from './history-options.js';
import { bytesLiteral, type HistoryStep } from './history-step.js';

/** What a server grants unless configured otherwise. */
const WINDOW_SIZE = 2 * 1024 * 1024;

const MAX_CHANNEL = 3;
const MAX_WINDOW = 0xffff_ffff;

/** A message that a client sends as it is, whatever the protocol says of it. */
interface Template {
  readonly name: string;
  readonly payload: Buffer;
}

/** Payloads that no step makes: out of place, malformed, of any number, or more than the window takes. */
export function payloadSteps(fc: FastCheck, options: HistoryOptions): Arbitrary<HistoryStep> {
  const templates = templatesOf(options);
  const { windowSize = WINDOW_SIZE } = options;
  const known = fc.constantFrom(...templates);
  const noise = fc.uint8Array({ maxLength: 24 });
  return fc.oneof(
    { weight: 6, arbitrary: known.map(({ name, payload }) => sending(payload, name)) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(known, fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }))
        .map(([{ name, payload }, at, flip]) => {
          const changed = Buffer.from(payload);
          const index = 1 + (at % Math.max(1, payload.length - 1));
          if (index < payload.length) changed.writeUInt8((changed[index] ?? 0) ^ flip, index);
          return sending(changed, `${name}, byte ${String(index)} changed`);
        }),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(known, fc.integer({ min: 1, max: 64 }), fc.boolean())
        .map(([{ name, payload }, cut, grow]) =>
          grow
            ? sending(Buffer.concat([payload, Buffer.alloc(cut)]), `${name}, ${String(cut)} bytes too many`)
            : sending(payload.subarray(0, Math.max(1, payload.length - cut)), `${name}, cut`),
        ),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.integer({ min: 0, max: NUMBERS.length - 1 }), noise, fc.boolean())
        .map(([index, bytes]) => sending(Buffer.concat([Buffer.of(NUMBERS[index] ?? 0), bytes]), 'random bytes')),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 0, max: MAX_CHANNEL - 1 }).map((recipientChannel) => {
        const head = ChannelData.encode({ recipientChannel, data: Buffer.alloc(0) });
        head.writeUInt32BE(windowSize + 1, head.length - 4);
        return {
          letter: 'O',
          code: `act.send(Buffer.concat([${bytesLiteral(head)}, Buffer.alloc(${String(windowSize + 1)})]))`,
          step: act.send(Buffer.concat([head, Buffer.alloc(windowSize + 1)])),
          note: 'more than the window takes',
        };
      }),
    },
  );
}

/** All but those that the transport keeps for itself (RFC 4250 section 4.1.2), which no state machine above it gets to see. */
const NUMBERS = Array.from({ length: 256 }, (_, number) => number).filter(
  (number) => number === 0 || number === 5 || number === 6 || number >= 50,
);

const sending = (payload: Buffer, note: string): HistoryStep => ({
  letter: 'm',
  code: `act.send(${bytesLiteral(payload)})`,
  step: act.send(payload),
  note,
});

function templatesOf({ users: [userName = ''], commands: [command = 'true'] = [] }: HistoryOptions): Template[] {
  const template = ([name, payload]: readonly [string, Buffer]): Template => ({ name, payload });
  const onChannels = Array.from({ length: MAX_CHANNEL }, (_, recipientChannel) => recipientChannel).flatMap(
    (recipientChannel): (readonly [string, Buffer])[] => [
      ['SSH_MSG_CHANNEL_WINDOW_ADJUST', ChannelWindowAdjust.encode({ recipientChannel, bytesToAdd: 1 })],
      ['SSH_MSG_CHANNEL_WINDOW_ADJUST', ChannelWindowAdjust.encode({ recipientChannel, bytesToAdd: MAX_WINDOW })],
      ['SSH_MSG_CHANNEL_DATA', ChannelData.encode({ recipientChannel, data: Buffer.from('data') })],
      [
        'SSH_MSG_CHANNEL_EXTENDED_DATA',
        ChannelExtendedData.encode({ recipientChannel, dataTypeCode: 1, data: Buffer.from('data') }),
      ],
      ['SSH_MSG_CHANNEL_EOF', ChannelEof.encode({ recipientChannel })],
      ['SSH_MSG_CHANNEL_CLOSE', ChannelClose.encode({ recipientChannel })],
      ['SSH_MSG_CHANNEL_SUCCESS', ChannelSuccess.encode({ recipientChannel })],
      ['SSH_MSG_CHANNEL_FAILURE', ChannelFailure.encode({ recipientChannel })],
      ...[true, false].map(
        (wantReply) =>
          [
            `SSH_MSG_CHANNEL_REQUEST${wantReply ? '' : ' without reply'}`,
            ChannelRequest.encode({
              recipientChannel,
              requestType: 'exec',
              wantReply,
              data: ChannelRequestDetail.encode({ type: 'exec', command }),
            }),
          ] as const,
      ),
      [
        'SSH_MSG_CHANNEL_OPEN_CONFIRMATION',
        ChannelOpenConfirmation.encode({
          recipientChannel,
          senderChannel: 0,
          initialWindowSize: 1,
          maximumPacketSize: 1,
          data: Buffer.alloc(0),
        }),
      ],
      [
        'SSH_MSG_CHANNEL_OPEN_FAILURE',
        ChannelOpenFailure.encode({ recipientChannel, reasonCode: 1, description: '', languageTag: '' }),
      ],
    ],
  );
  const opening = { channelType: 'session', senderChannel: 100, data: Buffer.alloc(0) } as const;
  const signIn = { userName, serviceName: 'ssh-connection' } as const;
  return [
    ...onChannels,
    ...[0, MAX_WINDOW].map(
      (initialWindowSize) =>
        [
          'SSH_MSG_CHANNEL_OPEN',
          ChannelOpen.encode({ ...opening, initialWindowSize, maximumPacketSize: 32_768 }),
        ] as const,
    ),
    ['SSH_MSG_CHANNEL_OPEN', ChannelOpen.encode({ ...opening, initialWindowSize: 1, maximumPacketSize: 0 })] as const,
    ['SSH_MSG_SERVICE_REQUEST', ServiceRequest.encode({ serviceName: 'ssh-userauth' })] as const,
    ['SSH_MSG_SERVICE_ACCEPT', ServiceAccept.encode({ serviceName: 'ssh-userauth' })] as const,
    ['SSH_MSG_USERAUTH_REQUEST', UserauthRequest.encode({ ...signIn, method: { type: 'none' } })] as const,
    [
      'SSH_MSG_USERAUTH_REQUEST',
      UserauthRequest.encode({ ...signIn, method: { type: 'password', change: false, password: 'wrong' } }),
    ] as const,
    ['SSH_MSG_USERAUTH_INFO_RESPONSE', UserauthInfoResponse.encode({ responses: [] })] as const,
    ['SSH_MSG_USERAUTH_INFO_RESPONSE', UserauthInfoResponse.encode({ responses: ['wrong'] })] as const,
    ['SSH_MSG_USERAUTH_SUCCESS', UserauthSuccess.encode({})] as const,
    [
      'SSH_MSG_USERAUTH_FAILURE',
      UserauthFailure.encode({ authenticationsThatCanContinue: ['password'], partialSuccess: true }),
    ] as const,
    [
      'SSH_MSG_GLOBAL_REQUEST',
      GlobalRequest.encode({ requestName: 'nonsense@example.com', wantReply: true, data: Buffer.alloc(0) }),
    ] as const,
    ['SSH_MSG_REQUEST_SUCCESS', RequestSuccess.encode({ data: Buffer.alloc(0) })] as const,
    ['SSH_MSG_REQUEST_FAILURE', RequestFailure.encode({})] as const,
    ['SSH_MSG_PING', Buffer.of(SSH_MSG.PING, 0, 0, 0, 0)] as const,
  ].map(template);
}
