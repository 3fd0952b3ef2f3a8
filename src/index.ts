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
export { CLOCK, CONNECTION, COUNTER_STORE, EVENTS, PASSWORD_HASHING, SSH_HANDLER } from './di/tokens.js';
export type { ApplicationServer, Handler, HandlerReplacement } from './di/application-server.js';
export type {
  DescribedPolicy,
  ListenOptions,
  PeerAddress,
  PolicyReplacement,
  ReplacePoliciesOptions,
  SshServer,
} from './streams/ssh-server.js';
export type { SocketOptions } from './streams/listener-options.js';
export type { PoliciesByRequest } from './streams/policy-chains.js';
export type { ReplacedPolicies } from './streams/reevaluation.js';
export { SshServerError } from './errors.js';
export type { SshServerErrorCode } from './errors.js';

// Host keys and limits
export { generateHostKey } from './transport/host-keys/generate-host-key.js';
export type { GeneratedHostKey, GenerateHostKeyOptions } from './transport/host-keys/generate-host-key.js';
export { agentHostKey } from './transport/host-keys/agent-host-key.js';
export { certifyHostKey } from './protocol/host-keys/certify-host-key.js';
export type { CertifyHostKeyOptions } from './protocol/host-keys/certify-host-key.js';
export type { HostCertificate } from './transport/host-keys/host-certificate.js';
export type { HostKey, HostKeySign } from './transport/host-keys/host-key.js';
export { hostKeyFromSigner } from './transport/host-keys/host-key-from-signer.js';
export type { HostKeyFromSignerOptions } from './transport/host-keys/host-key-from-signer.js';
export { hostKeyFromStore } from './transport/host-keys/host-key-from-store.js';
export type { HostKeyStore } from './transport/host-keys/host-key-from-store.js';
export type { HostKeySigner } from './transport/host-keys/host-key-signer.js';
export type { HostKeyStoreType } from './transport/host-keys/host-key-store-type.js';
export type { HostKeyAlgorithm, HostKeyType } from './transport/host-keys/host-key-type.js';
export { loadHostKey } from './transport/host-keys/load-host-key.js';
export type { LoadHostKeyOptions } from './transport/host-keys/load-host-key.js';
export { loadOrCreateHostKey } from './transport/host-keys/load-or-create-host-key.js';
export type { LoadOrCreateHostKeyOptions } from './transport/host-keys/load-or-create-host-key.js';
export { parseHostKey } from './transport/host-keys/parse-host-key.js';
export type { ParseHostKeyOptions } from './transport/host-keys/parse-host-key.js';
export type { AlgorithmLists } from './transport/algorithm-lists.js';
export { ALGORITHM_PRESETS } from './transport/algorithm-presets.js';
export type { AlgorithmPreset } from './transport/algorithm-presets.js';
export type { RekeyLimits } from './transport/rekey-limits.js';
export type { AdmissionLimits } from './streams/admission.js';
export type { ProtocolLimits } from './protocol/limits.js';

// Handler classes and handler functions
export { Decide } from './handlers/decorators/decide.js';
export { Exec } from './handlers/decorators/exec.js';
export { On } from './handlers/decorators/on.js';
export { Shell } from './handlers/decorators/shell.js';
export { SshHandler } from './handlers/decorators/ssh-handler.js';
export type { SshHandlerOptions } from './handlers/decorators/ssh-handler.js';
export type { HandlerScope } from './handlers/handler-scope.js';
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

// Policies: who somebody is
export { grantCertificate } from './handlers/policies/authentication/grant-certificate.js';
export type { FindPrincipals, GrantCertificateOptions } from './handlers/policies/authentication/grant-certificate.js';
export { grantHashedPassword } from './handlers/policies/authentication/grant-hashed-password.js';
export type {
  FindPasswordHash,
  GrantHashedPasswordOptions,
} from './handlers/policies/authentication/grant-hashed-password.js';
export { grantHostBased } from './handlers/policies/authentication/grant-host-based.js';
export type { FindKnownHosts, GrantHostBasedOptions } from './handlers/policies/authentication/grant-host-based.js';
export type { KnownHostsProblem } from './protocol/authentication/known-hosts.js';
export { grantKeyboardInteractive } from './handlers/policies/authentication/grant-keyboard-interactive.js';
export type { KeyboardInteractiveOptions } from './handlers/policies/authentication/grant-keyboard-interactive.js';
export { grantPassword } from './handlers/policies/authentication/grant-password.js';
export type {
  ChangePassword,
  ChangeWanted,
  GrantPasswordOptions,
  VerifyPassword,
} from './handlers/policies/authentication/grant-password.js';
export type { AuthorizedKeysSource } from './handlers/policies/authentication/authorized-key-set.js';
export { grantPublicKey } from './handlers/policies/authentication/grant-public-key.js';
export type { FindAuthorizedKeys, GrantPublicKeyOptions } from './handlers/policies/authentication/grant-public-key.js';
export type { EndWithKeyOptions } from './handlers/policies/authentication/key-watch.js';
export { requireMethods } from './handlers/policies/authentication/require-methods.js';
export type { RequiredMethods } from './handlers/policies/authentication/require-methods.js';
export { revokedKeys } from './handlers/policies/authentication/revoked-keys.js';
export type { RevokedKeysSource } from './handlers/policies/authentication/revoked-keys.js';

// Sources of keys
export { authorizedKeysCommand } from './handlers/key-sources/authorized-keys-command.js';
export type { AuthorizedKeysCommandOptions } from './handlers/key-sources/authorized-keys-command.js';
export { authorizedKeysFile } from './handlers/key-sources/authorized-keys-file.js';
export type { AuthorizedKeysFileOptions } from './handlers/key-sources/authorized-keys-file.js';
export type { KeysUnavailable } from './handlers/key-sources/keys-unavailable.js';

// Passwords, hashed
export { hashPassword } from './handlers/passwords/hash-password.js';
export { needsRehash } from './handlers/passwords/needs-rehash.js';
export type { PasswordHasher } from './handlers/passwords/password-hasher.js';
export { PasswordHashing } from './handlers/passwords/password-hashing.js';
export type {
  PasswordHashingOptions,
  PasswordVerdict,
  PasswordVerification,
} from './handlers/passwords/password-hashing.js';
export { formatPhcString, parsePhcString } from './handlers/passwords/phc-string.js';
export type { PhcString } from './handlers/passwords/phc-string.js';
export { scryptHasher } from './handlers/passwords/scrypt-hasher.js';
export type { ScryptParameters } from './handlers/passwords/scrypt-parameters.js';
export { verifyPassword } from './handlers/passwords/verify-password.js';

// Policies: who may do what
export { acceptEnvironment } from './handlers/policies/access/accept-environment.js';
export { allowCommands } from './handlers/policies/access/allow-commands.js';
export { allowFrom } from './handlers/policies/access/allow-from.js';
export { allowUsers } from './handlers/policies/access/allow-users.js';
export { denyCommands } from './handlers/policies/access/deny-commands.js';
export { denyFrom } from './handlers/policies/access/deny-from.js';
export { denyUsers } from './handlers/policies/access/deny-users.js';
export { during } from './handlers/policies/access/during.js';
export { forwardFrom } from './handlers/policies/access/forward-from.js';
export { forwardTo } from './handlers/policies/access/forward-to.js';
export type { AddressPolicyOptions } from './handlers/policies/access/address-policy.js';
export type { FromConnection } from './handlers/policies/from-connection.js';
export type { CommandPolicyOptions } from './handlers/policies/access/command-policy-options.js';
export type { DuringOptions } from './handlers/policies/access/during.js';
export type { BindForwardRule, ForwardFromRule } from './handlers/policies/access/forward-from.js';
export type { ForwardToRule, TargetForwardRule } from './handlers/policies/access/forward-to.js';
export type { ForwardRuleUsers, SocketForwardRule } from './handlers/policies/access/forward-rules.js';
export type { HostNameResolver } from './handlers/policies/matching/host-name-resolver.js';
export type { NameLookupOptions } from './handlers/policies/matching/name-lookup.js';
export type { UserPolicyOptions } from './handlers/policies/access/user-policy.js';
export type { UserRequest } from './handlers/policies/matching/request-user.js';
export { WEEKDAYS } from './handlers/policies/access/weekly-window.js';
export type { Weekday, WeeklyWindow } from './handlers/policies/access/weekly-window.js';

// Policies: how much of it
export { bandwidth } from './handlers/policies/limits/bandwidth.js';
export { maxAuthAttempts } from './handlers/policies/limits/max-auth-attempts.js';
export { maxChannels } from './handlers/policies/limits/max-channels.js';
export { maxCommands } from './handlers/policies/limits/max-commands.js';
export { maxConnections } from './handlers/policies/limits/max-connections.js';
export { maxPerSource } from './handlers/policies/limits/max-per-source.js';
export { maxPerUser } from './handlers/policies/limits/max-per-user.js';
export { maxStartups } from './handlers/policies/limits/max-startups.js';
export { rateLimit } from './handlers/policies/limits/rate-limit.js';
export type { BandwidthOf, BandwidthRates, BandwidthStream } from './handlers/policies/limits/bandwidth.js';
export type { CounterStoreOptions } from './handlers/policies/counting/counter-store-option.js';
export type { EarlyDrop } from './handlers/policies/limits/early-drop.js';
export type { AttemptMethod, MaxAuthAttemptsOptions } from './handlers/policies/limits/max-auth-attempts.js';
export type { MaxChannelsOptions } from './handlers/policies/limits/max-channels.js';
export type {
  MaxCommandsOptions,
  MaxCommandsPerConnection,
  MaxCommandsPerUser,
} from './handlers/policies/limits/max-commands.js';
export type { MaxPerSourceOptions } from './handlers/policies/limits/max-per-source.js';
export type { MaxPerUserOptions } from './handlers/policies/limits/max-per-user.js';
export type { MaxStartupsOptions } from './handlers/policies/limits/max-startups.js';
export type { SourcePrefixOptions } from './handlers/policies/matching/prefix-lengths.js';
export type { RateLimitOptions } from './handlers/policies/limits/rate-limit.js';
export type { CounterStore, Extension, HitResult, HitWindow } from './streams/counter-store.js';
export { MemoryCounterStore } from './streams/memory-counter-store.js';
export type { MemoryCounterStoreOptions } from './streams/memory-counter-store.js';

// Policies: against abuse
export { banAfter } from './handlers/policies/abuse/ban-after.js';
export { penalties } from './handlers/policies/abuse/penalties.js';
export { tarpit } from './handlers/policies/abuse/tarpit.js';
export { uniformDelay } from './handlers/policies/abuse/uniform-delay.js';
export type { BanAfterOptions } from './handlers/policies/abuse/ban-after.js';
export type { PenaltiesOptions } from './handlers/policies/abuse/penalties.js';
export type { PenaltyWeights } from './handlers/policies/abuse/penalty-weights.js';
export type { StoreFailureOption } from './handlers/policies/counting/store-failure-option.js';
export type { TarpitOptions } from './handlers/policies/abuse/tarpit.js';
export type { UniformDelayOptions } from './handlers/policies/abuse/uniform-delay.js';

// Policies: for how long
export { expireWith } from './handlers/policies/lifetime/expire-with.js';
export { idleTimeout } from './handlers/policies/lifetime/idle-timeout.js';
export { loginGrace } from './handlers/policies/lifetime/login-grace.js';
export { quota } from './handlers/policies/lifetime/quota.js';
export { revokedBy } from './handlers/policies/lifetime/revoked-by.js';
export { sessionLimit } from './handlers/policies/lifetime/session-limit.js';
export { takeOver } from './handlers/policies/lifetime/take-over.js';
export type { DeadlineOptions, EndingOptions } from './handlers/policies/lifetime/ending-options.js';
export type { ExpireWithOptions, Expiry } from './handlers/policies/lifetime/expire-with.js';
export type { IdleTimeoutOptions } from './handlers/policies/lifetime/idle-timeout.js';
export type { LoginGraceOptions } from './handlers/policies/lifetime/login-grace.js';
export type { QuotaOptions } from './handlers/policies/lifetime/quota.js';
export type { RevocationNotice, RevocationSignal, RevokedByOptions } from './handlers/policies/lifetime/revoked-by.js';
export type { SessionLimitOptions } from './handlers/policies/lifetime/session-limit.js';
export type { TakeOverOptions } from './handlers/policies/lifetime/take-over.js';

// Policies made of policies, and of functions
export { allOf } from './handlers/policies/composition/all-of.js';
export { anyOf } from './handlers/policies/composition/any-of.js';
export { approval } from './handlers/policies/composition/approval.js';
export { decideEach } from './handlers/policies/decide-each.js';
export { denyWhen } from './handlers/policies/composition/deny-when.js';
export { forSources } from './handlers/policies/composition/for-sources.js';
export { forUsers } from './handlers/policies/composition/for-users.js';
export { grantWhen } from './handlers/policies/composition/grant-when.js';
export { leaseEach } from './handlers/policies/lease-each.js';
export { named } from './handlers/policies/composition/named.js';
export { shadow } from './handlers/policies/composition/shadow.js';
export { when } from './handlers/policies/composition/when.js';
export type { Answer } from './handlers/policies/answer.js';
export type { ApprovalAnswer, ApprovalOptions, RememberApproval } from './handlers/policies/composition/approval.js';
export type { UndeniedVerdict } from './handlers/policies/decide-each.js';
export type { DenyWhenOptions } from './handlers/policies/composition/deny-when.js';
export type { ClockOption } from './handlers/policies/policy-clock.js';
export type { PolicyOptions } from './handlers/policies/policy-options.js';
export type { ShadowOptions } from './handlers/policies/composition/shadow.js';

// Policies: what serves it
export { routeChannels } from './handlers/policies/routing/route-channels.js';
export { routeCommands } from './handlers/policies/routing/route-commands.js';
export { routeShell } from './handlers/policies/routing/route-shell.js';
export { routeSubsystems } from './handlers/policies/routing/route-subsystems.js';
export type { RouteShellOptions } from './handlers/policies/routing/route-shell.js';
export type { RouteUsersOption } from './handlers/policies/routing/route-users.js';
export type { RouteOptions, Routes } from './handlers/policies/routing/routes.js';

// Verdicts and leases
export {
  acceptOffer,
  challenge,
  consider,
  decline,
  deny,
  grant,
  requestPasswordChange,
  serveWith,
  withLease,
  withRequirement,
} from './streams/verdict.js';
export type {
  Challengeable,
  Declined,
  DeniedVerdict,
  Grantable,
  GrantedVerdict,
  OpenVerdict,
  PolicyName,
  Verdict,
} from './streams/verdict.js';
export { authRequirement } from './streams/requirements/parse-auth-requirement.js';
export type { AuthRequirement, AuthStep, StepMethod } from './streams/requirements/auth-requirement.js';
export type { PassedStep } from './streams/requirements/passed-step.js';
export type { Policy } from './streams/policy.js';
export type { PolicyContext } from './streams/policy-context.js';
export type { Recollection } from './streams/rehearsal.js';
export type { PolicyReport } from './streams/policy-report.js';
export type { Held } from './streams/held.js';
export type { Revocation } from './streams/revocation.js';
export type { PlacedPolicy } from './streams/policy-stage.js';
export type { Phase } from './streams/phase.js';
export { DenyReason } from './streams/deny-reason.js';
export { restrictWith } from './streams/restriction.js';
export type { RestrictableRequest, Restriction } from './streams/restriction.js';
export type { Lease, LeaseNarrowing, LeaseRevocation, LeaseSignal, LeaseWarning } from './streams/lease.js';
export type { Challenge, Prompt } from './streams/challenge.js';
export type { PasswordChange } from './streams/password-change.js';
export { Secret } from './streams/secret.js';
export { clockOf, systemClock } from './streams/clock.js';
export type { Clock } from './streams/clock.js';

// Events
export type { BannerOf } from './streams/user-auth-banner.js';
export type { GreetingOf } from './streams/connection-greeting.js';
export type { EventStreams } from './streams/event-streams.js';
export type { SshEvent, SshEvents, SshEventType } from './streams/events/ssh-event.js';
export type { SshRequest, SshRequests, SshRequestType } from './streams/events/ssh-request.js';
export type { ConnectionRequest } from './streams/events/connection-request.js';
export type { Connected } from './streams/events/connected.js';
export type { Decided, Overruled } from './streams/events/decided.js';
export type { Denial } from './streams/events/denial.js';
export type { Disconnected } from './streams/events/disconnected.js';
export type { ErrorEvent } from './streams/events/error.js';
export type { Log, LogLevel } from './streams/events/log.js';
export type { LogStep } from './streams/events/log-step.js';
export type { ShadowDecided } from './streams/events/shadow-decided.js';
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
  ProvenHostAuthRequest,
  ProvenKeyAuthRequest,
  RefutedHostAuthRequest,
  RefutedKeyAuthRequest,
  SSHUserAuthRequest,
  UnknownMethodAuthRequest,
} from './streams/events/ssh-user-auth-request.js';

// Recordings
export { readRecording } from './recording/read-recording.js';
export { record } from './recording/record.js';
export type { RecordOptions } from './recording/record.js';
export type {
  RecordedEvent,
  RecordedLine,
  RecordedLoss,
  RecordedPart,
  SkippedLine,
  TornLine,
} from './recording/recorded-line.js';
export type { Recording } from './recording/recording.js';
export type { RecordingFile, RecordingFiles } from './recording/recording-files.js';
export type { RecordingHeader } from './recording/recording-header.js';
export { RedactedSecret } from './recording/redacted-secret.js';

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
export { parseAuthorizedKeys } from './protocol/authentication/authorized-keys.js';
export type {
  AuthorizedKey,
  AuthorizedKeys,
  AuthorizedKeysProblem,
} from './protocol/authentication/authorized-keys.js';
export type { KeyOption, KeyOptionName } from './protocol/authentication/authorized-keys-options.js';
export type { Certificate, CertificateAuthority, CertificateOption } from './protocol/authentication/certificate.js';
export type { PublicKey } from './protocol/authentication/public-key.js';
export type { PublicKeyType } from './protocol/authentication/public-key-fields.js';
export type { SecurityKeyUse } from './protocol/authentication/security-key-use.js';
export type { DisconnectReasonName } from './transport/messages/disconnect-reason.js';
export type { NegotiatedAlgorithms } from './transport/transport-listener.js';
