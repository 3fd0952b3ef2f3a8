import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';

/** What a channel request asks to run (RFC 4254 section 6.5). */
export type ProgramStart =
  | { readonly kind: 'exec'; readonly command: string }
  | { readonly kind: 'shell' }
  | { readonly kind: 'subsystem'; readonly subsystemName: string }
  /** By its name one of these, but not what the name promises. */
  | { readonly kind: 'malformed' };

const STARTS: ReadonlySet<string> = new Set(['exec', 'shell', 'subsystem']);

/** What `request` asks to run; undefined for all other requests. */
export function programStart({ requestType, detail }: SSHChannelRequest): ProgramStart | undefined {
  switch (detail.type) {
    case 'exec':
      return { kind: 'exec', command: detail.command };
    case 'shell':
      return { kind: 'shell' };
    case 'subsystem':
      return { kind: 'subsystem', subsystemName: detail.subsystemName };
    default:
      return STARTS.has(requestType) ? { kind: 'malformed' } : undefined;
  }
}
