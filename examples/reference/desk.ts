import { inject } from 'inversify';
import { connect, filter, merge, type Observable } from 'rxjs';
import {
  acceptEnvironment,
  Decide,
  grantPassword,
  type Policy,
  rateLimit,
  type SSHChannelRequest,
  SshHandler,
  type SSHUserAuthRequest,
  type Verdict,
} from 'rxsshd';

import type { Settings } from './settings.js';
import { KEYS, SETTINGS } from './tokens.js';

/** The one user of this server. */
export const DEMO = 'demo';

/** Who gets in, how often they may try, and what they may bring along. */
@SshHandler()
export class Desk {
  readonly #settings: Settings;
  readonly #keys: Policy<SSHUserAuthRequest>;

  constructor(@inject(SETTINGS) settings: Settings, @inject(KEYS) keys: Policy<SSHUserAuthRequest>) {
    this.#settings = settings;
    this.#keys = keys;
  }

  /** Charges passwords and signatures. Questions, such as whether a key would do, are cheap and bounded elsewhere. */
  @Decide('SSHUserAuthRequest', { phase: 'limit' })
  limit(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    const perAddress = rateLimit<SSHUserAuthRequest>({
      limit: this.#settings.maxLoginsPerMinute,
      windowMs: 60_000,
      keyOf: (request) => request.connection.remoteAddress,
    });
    return verdict$.pipe(
      connect((shared$) =>
        merge(
          shared$.pipe(
            filter(({ request }) => isAttempt(request)),
            perAddress,
          ),
          shared$.pipe(filter(({ request }) => !isAttempt(request))),
        ),
      ),
    );
  }

  @Decide('SSHUserAuthRequest', { phase: 'authenticate' })
  authenticate(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    const byKey$ = verdict$.pipe(this.#keys);
    if (!this.#settings.demoPasswords) return byKey$;
    return byKey$.pipe(grantPassword((user, _, request) => request.password.equals(DEMO) && user === DEMO));
  }

  @Decide('SSHChannelRequest', { phase: 'authorize' })
  authorize(verdict$: Observable<Verdict<SSHChannelRequest>>) {
    return verdict$.pipe(acceptEnvironment(this.#settings.acceptEnv));
  }
}

const isAttempt = (request: SSHUserAuthRequest): boolean =>
  request.method === 'password' || (request.method === 'publickey' && request.stage !== 'offered');
