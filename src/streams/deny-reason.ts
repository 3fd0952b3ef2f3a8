/**
 * Why a request was refused. A closed set: logs, metrics and plugins match on the values.
 *
 * The peer never learns these words; it gets the protocol's own failure message.
 */
export const DenyReason = {
  /** No policy granted the request. */
  NoGrant: 'no-grant',
  /** Nothing serves this command, subsystem, channel type or request. */
  NoRoute: 'no-route',
  /** The password, answer or other credential is wrong, or the user does not exist. */
  BadCredential: 'bad-credential',
  /** The public key is not one of this user's, or of the host that vouches for the user. */
  KeyNotAccepted: 'key-not-accepted',
  /** The signature does not prove possession of the key, or not in the way that is asked of a security key. */
  BadSignature: 'bad-signature',
  /** The public key, its certificate or the authority behind that is not to be trusted any more. */
  KeyRevoked: 'key-revoked',
  /** The name of the user, or of the client's host, is one that nobody can have: see {@link SSHUserAuthRequest}. */
  IllegalName: 'illegal-name',
  /** The credential may be right, but is not what this user has to show, or not yet: see {@link requireMethods}. */
  MethodNotAllowed: 'method-not-allowed',
  /** The client's address may not do this. */
  AddressNotAllowed: 'address-not-allowed',
  /** This user may not do this, whoever they are. */
  UserNotAllowed: 'user-not-allowed',
  /** Not at this time of the day, week or year. */
  OutsideHours: 'outside-hours',
  /** The client's address has misbehaved too often. */
  Banned: 'banned',
  /** Somebody was asked and did not approve. */
  NotApproved: 'not-approved',
  /** What this user may use of something is used up. */
  QuotaExceeded: 'quota-exceeded',
  /** The permission that this one rests on is being taken back. */
  Revoked: 'revoked',
  /** A policy of the application said no. */
  NotPermitted: 'not-permitted',
  /** Too many requests in a window of time. */
  RateLimited: 'rate-limited',
  /** Too many of these at once, or in one connection. */
  LimitReached: 'limit-reached',
  /** A policy threw, errored, completed or broke the rules of verdicts. */
  PolicyFailed: 'policy-failed',
  /** A policy did not answer in time. */
  PolicySilent: 'policy-silent',
  /** The server is shutting down. */
  ShuttingDown: 'shutting-down',
} as const;

/** One of the values of {@link DenyReason}. */
export type DenyReason = (typeof DenyReason)[keyof typeof DenyReason];
