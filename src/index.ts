/**
 * An SSH server framework: every event is an RxJS Observable, every policy an operator, applications are classes.
 *
 * @packageDocumentation
 */

// Building a server
export { createServer } from './di/create-server.js';
export type { AuthMethod, CreateServerOptions } from './di/server-options.js';
export { definePlugin, PLUGIN_CONTRACT } from './di/plugin.js';
export type { PluginDefinition, SshPlugin } from './di/plugin.js';
export { CLOCK, EVENTS, SSH_HANDLER } from './di/tokens.js';
export type { DescribedPolicy, ListenOptions, PeerAddress, SshServer } from './streams/ssh-server.js';
export { SshServerError } from './errors.js';
export type { SshServerErrorCode } from './errors.js';

// Host keys and limits
export { generateHostKey } from './transport/host-keys/generate-host-key.js';
export type { GeneratedHostKey, GenerateHostKeyOptions } from './transport/host-keys/generate-host-key.js';
export type { HostKey } from './transport/host-keys/host-key.js';
export type { HostKeyAlgorithm, HostKeyType } from './transport/host-keys/host-key-type.js';
export { loadHostKey } from './transport/host-keys/load-host-key.js';
export type { LoadHostKeyOptions } from './transport/host-keys/load-host-key.js';
export { loadOrCreateHostKey } from './transport/host-keys/load-or-create-host-key.js';
export type { LoadOrCreateHostKeyOptions } from './transport/host-keys/load-or-create-host-key.js';
export { parseHostKey } from './transport/host-keys/parse-host-key.js';
export type { ParseHostKeyOptions } from './transport/host-keys/parse-host-key.js';
export type { AlgorithmLists } from './transport/algorithms.js';
export { DEFAULT_ALGORITHMS } from './transport/algorithms.js';
export type { AdmissionLimits } from './streams/admission.js';
export type { ProtocolLimits } from './protocol/limits.js';

// Handler classes and handler functions
export { Decide } from './handlers/decorators/decide.js';
export { Exec } from './handlers/decorators/exec.js';
export { On } from './handlers/decorators/on.js';
export { Shell } from './handlers/decorators/shell.js';
export { SshHandler } from './handlers/decorators/ssh-handler.js';
export { Subsystem } from './handlers/decorators/subsystem.js';
export { decide, exec, on, shell, subsystem } from './handlers/handler-function.js';
export type {
  DecideFunction,
  ExecFunction,
  HandlerFunction,
  ObserveFunction,
  ServiceRoute,
  ShellFunction,
  SourceOption,
  SubsystemFunction,
} from './handlers/handler-function.js';
export type { HandlerClass } from './handlers/handler-class.js';
export type { DecideOptions } from './handlers/handler-phase.js';
export { runService } from './handlers/sessions/run-service.js';
export type { RunServiceOptions } from './handlers/sessions/run-service.js';
export type { Session } from './handlers/sessions/session.js';
export type { Service, ServiceEmission, ServiceOptions, ServiceResult } from './handlers/sessions/service.js';
export type { ExitReport } from './handlers/sessions/exit-report.js';

// Policies
export { acceptEnvironment } from './handlers/policies/accept-environment.js';
export { allowFrom } from './handlers/policies/allow-from.js';
export { decideEach } from './handlers/policies/decide-each.js';
export type { UndeniedVerdict } from './handlers/policies/decide-each.js';
export { denyFrom } from './handlers/policies/deny-from.js';
export { denyWhen } from './handlers/policies/deny-when.js';
export type { DenyWhenOptions } from './handlers/policies/deny-when.js';
export { grantKeyboardInteractive } from './handlers/policies/grant-keyboard-interactive.js';
export type { KeyboardInteractiveOptions } from './handlers/policies/grant-keyboard-interactive.js';
export { grantPassword } from './handlers/policies/grant-password.js';
export type { VerifyPassword } from './handlers/policies/grant-password.js';
export type { AuthorizedKeysSource } from './handlers/policies/authorized-key-set.js';
export { grantPublicKey } from './handlers/policies/grant-public-key.js';
export type { FindAuthorizedKeys, GrantPublicKeyOptions } from './handlers/policies/grant-public-key.js';
export { grantWhen } from './handlers/policies/grant-when.js';
export { rateLimit } from './handlers/policies/rate-limit.js';
export type { RateLimitOptions } from './handlers/policies/rate-limit.js';
export { routeChannels } from './handlers/policies/route-channels.js';
export { routeCommands } from './handlers/policies/route-commands.js';
export { routeShell } from './handlers/policies/route-shell.js';
export { routeSubsystems } from './handlers/policies/route-subsystems.js';
export type { RouteOptions, Routes } from './handlers/policies/routes.js';
export type { Answer } from './handlers/policies/answer.js';
export type { FromConnection } from './handlers/policies/address-policy.js';
export type { PolicyOptions } from './handlers/policies/policy-options.js';
export type { CounterStore, HitResult, HitWindow } from './streams/counter-store.js';
export { MemoryCounterStore } from './streams/memory-counter-store.js';
export type { MemoryCounterStoreOptions } from './streams/memory-counter-store.js';

// Verdicts and leases
export { acceptOffer, challenge, consider, deny, grant, serveWith, withLease } from './streams/verdict.js';
export type {
  Challengeable,
  DeniedVerdict,
  Grantable,
  GrantedVerdict,
  OpenVerdict,
  PolicyName,
  Verdict,
} from './streams/verdict.js';
export type { Policy } from './streams/policy.js';
export type { PlacedPolicy } from './streams/policy-stage.js';
export type { Phase } from './streams/phase.js';
export { DenyReason } from './streams/deny-reason.js';
export type { Lease, LeaseRevocation, LeaseSignal, LeaseWarning } from './streams/lease.js';
export type { Challenge, Prompt } from './streams/challenge.js';
export { Secret } from './streams/secret.js';
export { clockOf, systemClock } from './streams/clock.js';
export type { Clock } from './streams/clock.js';

// Events
export type { EventStreams } from './streams/event-streams.js';
export type { SshEvent, SshEvents, SshEventType } from './streams/events/ssh-event.js';
export type { SshRequest, SshRequests, SshRequestType } from './streams/events/ssh-request.js';
export type { ConnectionRequest } from './streams/events/connection-request.js';
export type { Connected } from './streams/events/connected.js';
export type { Decided } from './streams/events/decided.js';
export type { Disconnected } from './streams/events/disconnected.js';
export type { ErrorEvent } from './streams/events/error.js';
export type { Log, LogLevel } from './streams/events/log.js';
export type { SSHChannelClosed, ChannelExit } from './streams/events/ssh-channel-closed.js';
export type { SSHChannelDataIn } from './streams/events/ssh-channel-data-in.js';
export type { SSHChannelEOF } from './streams/events/ssh-channel-eof.js';
export type { SSHChannelOpened } from './streams/events/ssh-channel-opened.js';
export type { SSHChannelOpenRequest } from './streams/events/ssh-channel-open-request.js';
export type { SSHChannelReadyToSend } from './streams/events/ssh-channel-ready-to-send.js';
export type { ChannelRequestContent, SSHChannelRequest } from './streams/events/ssh-channel-request.js';
export type { SSHChannelRequested } from './streams/events/ssh-channel-requested.js';
export type { SSHGlobalRequest } from './streams/events/ssh-global-request.js';
export type { SSHServiceRequest } from './streams/events/ssh-service-request.js';
export type { SSHStatus } from './streams/events/ssh-status.js';
export type {
  AuthKey,
  KeyboardInteractiveAnswer,
  KeyboardInteractiveStart,
  NoneAuthRequest,
  OfferedKeyAuthRequest,
  PasswordAuthRequest,
  ProvenKeyAuthRequest,
  RefutedKeyAuthRequest,
  SSHUserAuthRequest,
  UnknownMethodAuthRequest,
} from './streams/events/ssh-user-auth-request.js';

// Connections and channels
export type { Channel, ServeChannel } from './streams/channel.js';
export type { ChannelId } from './streams/channel-id.js';
export type { Connection } from './streams/connection.js';
export type { ConnectionId } from './streams/connection-id.js';
export type { ConnectionInfo } from './streams/connection-info.js';
export type { Identity } from './streams/identity.js';
export type {
  BareOpenDetail,
  ChannelOpenDetail,
  DirectStreamlocalOpenDetail,
  DirectTcpipOpenDetail,
  ForwardedStreamlocalOpenDetail,
  ForwardedTcpipOpenDetail,
  X11OpenDetail,
} from './protocol/messages/channel-open-detail.js';
export type {
  BareRequestDetail,
  BreakDetail,
  ChannelRequestDetail,
  EnvDetail,
  ExecDetail,
  ExitSignalDetail,
  ExitStatusDetail,
  PtyReqDetail,
  SignalDetail,
  SubsystemDetail,
  WindowChangeDetail,
  X11ReqDetail,
  XonXoffDetail,
} from './protocol/messages/channel-request-detail.js';
export type {
  BareGlobalDetail,
  GlobalRequestDetail,
  HostkeysDetail,
  StreamlocalForwardDetail,
  TcpipForwardDetail,
} from './protocol/messages/global-request-detail.js';
export type { RawTail } from './transport/wire/tail-family.js';
export type { SessionProgram, SessionState, Terminal, TerminalSize } from './protocol/session-state.js';
export type { TerminalModeName, TerminalModes } from './protocol/terminal-modes.js';
export type { AuthorizedKey, AuthorizedKeysProblem } from './protocol/authentication/authorized-keys.js';
export type { KeyOption, KeyOptionName } from './protocol/authentication/authorized-keys-options.js';
export type { PublicKey } from './protocol/authentication/public-key.js';
export type { PublicKeyType } from './protocol/authentication/public-key-fields.js';
export type { DisconnectReasonName } from './transport/messages/disconnect-reason.js';
export type { NegotiatedAlgorithms } from './transport/transport-listener.js';
