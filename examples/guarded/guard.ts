import { inject } from 'inversify';
import type { Observable } from 'rxjs';
import {
  type ConnectionRequest,
  Decide,
  denyUsers,
  grantPublicKey,
  idleTimeout,
  maxChannels,
  maxPerSource,
  maxStartups,
  penalties,
  rateLimit,
  sessionLimit,
  type SSHChannelOpenRequest,
  SshHandler,
  type SSHUserAuthRequest,
  uniformDelay,
  type Verdict,
} from 'rxsshd';

import { type Settings, SETTINGS } from './settings.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Connections = Observable<Verdict<ConnectionRequest>>;
type SignIns = Observable<Verdict<SSHUserAuthRequest>>;
type Channels = Observable<Verdict<SSHChannelOpenRequest>>;

/** Ten policies, as a server has them that faces the internet. Phases, then the order in which they stand here, decide who is asked first. */
@SshHandler()
export class Guard {
  readonly #settings: Settings;

  constructor(@inject(SETTINGS) settings: Settings) {
    this.#settings = settings;
  }

  /** Who misbehaved is not let in for a while. */
  @Decide('ConnectionRequest', { phase: 'limit' })
  penalties(connection$: Connections) {
    return connection$.pipe(penalties());
  }

  /** One network does not take all the places. */
  @Decide('ConnectionRequest', { phase: 'limit' })
  perSource(connection$: Connections) {
    return connection$.pipe(maxPerSource(this.#settings.maxPerSource));
  }

  /** Many networks together do not lock out everybody else. */
  @Decide('ConnectionRequest', { phase: 'limit' })
  startups(connection$: Connections) {
    return connection$.pipe(maxStartups(this.#settings.maxStartups));
  }

  /** Guessing is slow. A sign-in of OpenSSH takes three requests. */
  @Decide('SSHUserAuthRequest', { phase: 'limit' })
  rate(signIn$: SignIns) {
    const limit = this.#settings.maxAuthRequestsPerMinute;
    return signIn$.pipe(rateLimit({ limit, windowMs: MINUTE_MS, keyOf: ({ connection }) => connection.remoteAddress }));
  }

  /** The names that everybody tries. */
  @Decide('SSHUserAuthRequest', { phase: 'limit' })
  names(signIn$: SignIns) {
    return signIn$.pipe(denyUsers(['root', 'admin*', 'test*']));
  }

  /** A refusal takes the same time whatever the reason. So does the first question of most clients, who may sign in at all. */
  @Decide('SSHUserAuthRequest', { phase: 'authenticate' })
  signIn(signIn$: SignIns) {
    return signIn$.pipe(uniformDelay(grantPublicKey(this.#settings.authorizedKeys), { floorMs: 250, jitterMs: 50 }));
  }

  /** Forgotten sessions end. */
  @Decide('SSHUserAuthRequest', { phase: 'authorize' })
  idle(signIn$: SignIns) {
    return signIn$.pipe(idleTimeout({ idleMs: 30 * MINUTE_MS }));
  }

  /** So do all others, in the end. */
  @Decide('SSHUserAuthRequest', { phase: 'authorize' })
  limit(signIn$: SignIns) {
    return signIn$.pipe(sessionLimit({ limitMs: 12 * HOUR_MS, warnBeforeMs: 10 * MINUTE_MS }));
  }

  @Decide('SSHChannelOpenRequest', { phase: 'limit' })
  channels(channel$: Channels) {
    return channel$.pipe(maxChannels(10));
  }
}
