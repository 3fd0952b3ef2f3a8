import { ChannelOpenDetail } from '../../protocol/messages/channel-open-detail.js';
import { ChannelRequestDetail } from '../../protocol/messages/channel-request-detail.js';
import { GlobalRequestDetail } from '../../protocol/messages/global-request-detail.js';
import type { ConnectionRequest } from '../../streams/events/connection-request.js';
import type { SSHChannelOpenRequest } from '../../streams/events/ssh-channel-open-request.js';
import type { ChannelRequestContent, SSHChannelRequest } from '../../streams/events/ssh-channel-request.js';
import type { SSHChannelRequested } from '../../streams/events/ssh-channel-requested.js';
import type { SSHGlobalRequest } from '../../streams/events/ssh-global-request.js';
import type { SshRequests } from '../../streams/events/ssh-request.js';
import type { SSHServiceRequest } from '../../streams/events/ssh-service-request.js';
import { authRequest } from './auth-request-fields.js';
import { channelOpenDetail } from './channel-open-detail-fields.js';
import { channelRequestDetail } from './channel-request-detail-fields.js';
import { connection, idOfChannel } from './connection-fields.js';
import { encodeDetail } from './detail-fields.js';
import type { FieldCodec } from './field-codec.js';
import { globalRequestDetail } from './global-request-detail-fields.js';
import { identity } from './identity-fields.js';
import { flag, oneOf, text } from './plain-fields.js';
import { restored, struct, type StructFields } from './struct.js';

/** A request without the bytes that its detail was decoded from: they would tell what the detail has redacted. */
type WithoutData<T> = Omit<T, 'data'>;

const content: StructFields<WithoutData<ChannelRequestContent>> = {
  connection,
  identity,
  channel: idOfChannel,
  channelType: text,
  requestType: text,
  wantReply: flag,
  detail: channelRequestDetail,
};

/** A channel request that was granted: it says the same as the request. */
export const channelRequested: FieldCodec<SSHChannelRequested> = restored(
  struct<WithoutData<SSHChannelRequested>>({ type: oneOf('SSHChannelRequested'), ...content }),
  encodeDetail(ChannelRequestDetail),
);

/** How each request is written. */
export const requestFields: { readonly [Type in keyof SshRequests]: FieldCodec<SshRequests[Type]> } = {
  ConnectionRequest: struct<ConnectionRequest>({ type: oneOf('ConnectionRequest'), connection }),
  SSHServiceRequest: struct<SSHServiceRequest>({ type: oneOf('SSHServiceRequest'), connection, service: text }),
  SSHUserAuthRequest: authRequest,
  SSHChannelOpenRequest: restored(
    struct<WithoutData<SSHChannelOpenRequest>>({
      type: oneOf('SSHChannelOpenRequest'),
      connection,
      identity,
      channel: idOfChannel,
      channelType: text,
      detail: channelOpenDetail,
    }),
    encodeDetail(ChannelOpenDetail),
  ),
  SSHChannelRequest: restored(
    struct<WithoutData<SSHChannelRequest>>({ type: oneOf('SSHChannelRequest'), ...content }),
    encodeDetail(ChannelRequestDetail),
  ),
  SSHGlobalRequest: restored(
    struct<WithoutData<SSHGlobalRequest>>({
      type: oneOf('SSHGlobalRequest'),
      connection,
      identity,
      requestType: text,
      wantReply: flag,
      detail: globalRequestDetail,
    }),
    encodeDetail(GlobalRequestDetail),
  ),
};
