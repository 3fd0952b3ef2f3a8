import { RedactedSecret, Secret, type SshEvent, SshServerError } from '../../src/index.js';
import { ChannelOpenDetail } from '../../src/protocol/messages/channel-open-detail.js';
import { ChannelRequestDetail } from '../../src/protocol/messages/channel-request-detail.js';
import { GlobalRequestDetail } from '../../src/protocol/messages/global-request-detail.js';
import { encodeUtf8 } from '../../src/transport/wire/utf8.js';

/** What a reader has to make of an event that was recorded: said here a second time, by what the documentation promises. */
export function redactedEvent(event: SshEvent): SshEvent {
  switch (event.type) {
    case 'SSHUserAuthRequest':
      // Every field is kept, so the event stays what it is.
      return Object.fromEntries(Object.entries(event).map(([name, value]) => [name, withoutSecret(value)])) as SshEvent;
    case 'SSHChannelRequest':
    case 'SSHChannelRequested': {
      const detail = redactedDetail(event.detail);
      return { ...event, detail, data: ChannelRequestDetail.encode(detail) };
    }
    case 'SSHChannelOpenRequest': {
      const detail = redactedDetail(event.detail);
      return { ...event, detail, data: ChannelOpenDetail.encode(detail) };
    }
    case 'SSHGlobalRequest': {
      const detail = redactedDetail(event.detail);
      return { ...event, detail, data: GlobalRequestDetail.encode(detail) };
    }
    case 'SSHChannelDataIn':
      return { ...event, data: Buffer.alloc(event.data.length, 0xff) };
    case 'Error':
      return { ...event, error: new SshServerError(event.error.code, event.error.message) };
    case 'Decided':
    case 'ShadowDecided':
      // A request stays a request.
      return { ...event, request: redactedEvent(event.request) as typeof event.request };
    default:
      return event;
  }
}

function withoutSecret(value: unknown): unknown {
  if (value instanceof Secret) return new RedactedSecret();
  return Array.isArray(value) ? value.map(withoutSecret) : value;
}

function redactedDetail<Detail extends { readonly type: string }>(detail: Detail): Detail {
  if ('variableValue' in detail) return { ...detail, variableValue: stars(detail.variableValue) };
  if ('authenticationCookie' in detail) return { ...detail, authenticationCookie: stars(detail.authenticationCookie) };
  if (detail.type !== 'other' && detail.type !== 'malformed') return detail;
  return 'data' in detail ? { ...detail, data: Buffer.alloc((detail.data as Buffer).length, 0xff) } : detail;
}

const stars = (value: unknown): string => '*'.repeat(encodeUtf8(String(value)).length);
