import { inject } from 'inversify';
import { connect, filter, merge, type Observable } from 'rxjs';
import {
  acceptEnvironment,
  Decide,
  grantKeyboardInteractive,
  grantPassword,
  type Policy,
  rateLimit,
  requireMethods,
  type SSHChannelRequest,
  SshHandler,
  type SSHUserAuthRequest,
  type Verdict,
} from 'rxsshd';

import type { Settings } from './settings.js';
import { KEYS, SETTINGS } from './tokens.js';

/** The user of this server, and the password of this user. */
export const DEMO = 'demo';

/** A user who needs a second step, with one word for the password and for that; there while the demo passwords are on. */
export const MFA = 'mfa';

/** Two steps for one user; the others get in by what they have, and are asked no questions. */
const stepsOf = ({ user }: SSHUserAuthRequest): string =>
  user === MFA ? 'publickey+second-step | password+second-step' : 'publickey | password';

/** Who gets in, how often they may try, and what they may bring along. */
@SshHandler()
export class Desk {
  readonly #settings: Settings;
  readonly #keys: Policy<SSHUserAuthRequest>;

  constructor(@inject(SETTINGS) settings: Settings, @inject(KEYS) keys: Policy<SSHUserAuthRequest>) {
    this.#settings = settings;
    this.#keys = keys;
  }

  /** Charges passwords, answers and signatures. Questions, such as whether a key would do, are cheap and bounded elsewhere. */
  @Decide('SSHUserAuthRequest', { phase: 'limit' })
  limit(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    const perAddress = rateLimit<SSHUserAuthRequest>({
      limit: this.#settings.maxLoginsPerMinute,
      windowMs: 60_000,
      keyOf: (request) => request.connection.remoteAddress,
    });
    // First, so that who is turned away by a limit hears of the same methods as everybody else.
    const required$ = this.#settings.demoPasswords ? verdict$.pipe(requireMethods(stepsOf)) : verdict$;
    return required$.pipe(
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
    return byKey$.pipe(
      grantPassword((user, _, { password }) => (user === DEMO || user === MFA) && password.equals(user)),
      grantKeyboardInteractive({
        name: 'second-step',
        prompts: [{ text: `The second step of ${MFA}: ` }],
        verify: (user, _, { answers: [answer] }) => user === MFA && answer?.equals(MFA) === true,
      }),
    );
  }

  @Decide('SSHChannelRequest', { phase: 'authorize' })
  authorize(verdict$: Observable<Verdict<SSHChannelRequest>>) {
    return verdict$.pipe(acceptEnvironment(this.#settings.acceptEnv));
  }
}

const isAttempt = (request: SSHUserAuthRequest): boolean =>
  request.method === 'password' ||
  (request.method === 'keyboard-interactive' && request.stage === 'answered') ||
  (request.method === 'publickey' && request.stage !== 'offered');
