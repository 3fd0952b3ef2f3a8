import type { Observable } from 'rxjs';

import type { EventStreams } from '../streams/event-streams.js';
import type { SshRequests, SshRequestType } from '../streams/events/ssh-request.js';
import type { PlacedPolicy } from '../streams/policy-stage.js';
import type { Policy } from '../streams/policy.js';
import { type DecideOptions, defaultPhaseOf } from './handler-phase.js';
import type { Service, ServiceOptions } from './sessions/service.js';

/** A policy for one type of request. */
export interface DecideFunction<Type extends SshRequestType> extends PlacedPolicy<SshRequests[Type]> {
  readonly kind: 'decide';
  readonly request: Type;
}

/** An observer of one kind of event. */
export interface ObserveFunction {
  readonly kind: 'observe';
  readonly source: string;
  readonly event: keyof EventStreams;
  /** Applies the observer to its stream. Called once per server; the result is to be subscribed once. */
  readonly bind: (events: EventStreams) => Observable<unknown>;
}

/** A service and what it is called in errors and in the audit trail. */
export interface ServiceRoute {
  readonly source: string;
  readonly service: Service;
  readonly options: ServiceOptions;
}

/** A service for the commands that match a pattern. */
export interface ExecFunction extends ServiceRoute {
  readonly kind: 'exec';
  /** As `CommandTable` reads it: `uptime`, `git *`, `*`. */
  readonly command: string;
}

/** The service of `shell` requests. */
export interface ShellFunction extends ServiceRoute {
  readonly kind: 'shell';
}

/** A service for one subsystem. */
export interface SubsystemFunction extends ServiceRoute {
  readonly kind: 'subsystem';
  /** To the letter; `*` for every subsystem without a service of its own. */
  readonly name: string;
}

/**
 * A handler as a plain function with its place: what a decorated method becomes once its class is built, and what an
 * application without classes makes with {@link decide}, {@link on}, {@link exec}, {@link shell} and {@link subsystem}.
 */
export type HandlerFunction =
  | { readonly [Type in SshRequestType]: DecideFunction<Type> }[SshRequestType]
  | ObserveFunction
  | ExecFunction
  | ShellFunction
  | SubsystemFunction;

/** Names a handler that is a plain function. */
export interface SourceOption {
  /** Shown in errors and by `describe()`. Default: the function's own name, or what it is for. */
  readonly source?: string;
}

/** A policy as a plain function: `@Decide` without a class. */
export const decide = <Type extends SshRequestType>(
  request: Type,
  policy: Policy<SshRequests[Type]>,
  options: DecideOptions & SourceOption = {},
): DecideFunction<Type> => ({
  kind: 'decide',
  source: sourceOf(policy, options, `decide(${request})`),
  request,
  phase: options.phase ?? defaultPhaseOf(request),
  policy,
});

/** An observer as a plain function: `@On` without a class. */
export const on = <Type extends keyof EventStreams>(
  event: Type,
  observe: (event$: EventStreams[Type]) => Observable<unknown>,
  options: SourceOption = {},
): ObserveFunction => ({
  kind: 'observe',
  source: sourceOf(observe, options, `on(${event})`),
  event,
  bind: (events) => observe(events[event]),
});

/** The service of a command as a plain function: `@Exec` without a class. */
export const exec = (
  command: string,
  service: Service,
  { source, ...options }: ServiceOptions & SourceOption = {},
): ExecFunction => ({
  kind: 'exec',
  source: sourceOf(service, { source }, `exec(${command})`),
  command,
  service,
  options,
});

/** The service of the shell as a plain function: `@Shell` without a class. */
export const shell = (service: Service, { source, ...options }: ServiceOptions & SourceOption = {}): ShellFunction => ({
  kind: 'shell',
  source: sourceOf(service, { source }, 'shell'),
  service,
  options,
});

/** The service of a subsystem as a plain function: `@Subsystem` without a class. */
export const subsystem = (
  name: string,
  service: Service,
  { source, ...options }: ServiceOptions & SourceOption = {},
): SubsystemFunction => ({
  kind: 'subsystem',
  source: sourceOf(service, { source }, `subsystem(${name})`),
  name,
  service,
  options,
});

function sourceOf(
  handler: { readonly name: string },
  { source }: { readonly source?: string | undefined },
  purpose: string,
): string {
  return source ?? (handler.name === '' ? purpose : handler.name);
}
