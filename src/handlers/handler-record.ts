import type { EventStreams } from '../streams/event-streams.js';
import type { SshRequestType } from '../streams/events/ssh-request.js';
import type { Phase } from '../streams/phase.js';
import type { ServiceOptions } from './sessions/service.js';

/** What a decorator recorded about a method. Plain data: only the explorer acts on it. */
export type HandlerRecord = { readonly method: string | symbol } & (
  | { readonly kind: 'decide'; readonly request: SshRequestType; readonly phase: Phase }
  | { readonly kind: 'observe'; readonly event: keyof EventStreams }
  | { readonly kind: 'exec'; readonly command: string; readonly options: ServiceOptions }
  | { readonly kind: 'shell'; readonly options: ServiceOptions }
  | { readonly kind: 'subsystem'; readonly name: string; readonly options: ServiceOptions }
);
