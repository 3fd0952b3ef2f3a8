import type { Observable } from 'rxjs';
import { Decide, definePlugin, SshHandler, type SshPlugin, type SSHUserAuthRequest, type Verdict } from 'rxsshd';

import { type OidcDeviceFlowOptions, readOptions } from './flow-options.js';
import { oidcDeviceFlow } from './oidc-device-flow.js';
import { VERSION } from './version.js';

/**
 * A plugin that lets users sign in by {@link oidcDeviceFlow}, as one of the policies of phase `authenticate`.
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, if an option is wrong
 */
export function oidcPlugin(options: OidcDeviceFlowOptions): SshPlugin {
  // Options are wrong before a server is built.
  readOptions(options);

  @SshHandler()
  class OidcSignIn {
    // Of each server that has the plugin: sign-ins under way, and how many there may be, are its own.
    readonly #policy = oidcDeviceFlow(options);

    @Decide('SSHUserAuthRequest')
    deviceFlow(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
      return this.#policy(verdict$);
    }
  }

  return definePlugin({ name: '@rxsshd/oidc', version: VERSION, handlers: [OidcSignIn] });
}
