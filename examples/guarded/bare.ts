import { inject } from 'inversify';
import type { Observable } from 'rxjs';
import { Decide, grantPublicKey, SshHandler, type SSHUserAuthRequest, type Verdict } from 'rxsshd';

import { run } from './run.js';
import { type Settings, SETTINGS } from './settings.js';

/** The sign-in alone: what the other nine policies cost is the difference to this. Not for the internet. */
@SshHandler()
class Bare {
  readonly #settings: Settings;

  constructor(@inject(SETTINGS) settings: Settings) {
    this.#settings = settings;
  }

  @Decide('SSHUserAuthRequest', { phase: 'authenticate' })
  signIn(signIn$: Observable<Verdict<SSHUserAuthRequest>>) {
    return signIn$.pipe(grantPublicKey(this.#settings.authorizedKeys));
  }
}

await run(Bare);
