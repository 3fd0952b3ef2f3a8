import { identity } from 'rxjs';
import type { CreateServerOptions, Policy, SSHUserAuthRequest } from 'rxsshd';

import { application } from './application.js';
import { authorizedKeys } from './authorized-keys.js';
import { DEMO } from './desk.js';
import { loadHostKeys } from './host-keys.js';
import { readSettings, type Settings } from './settings.js';
import { userCertificates } from './user-certificates.js';

/** The whole server: the application, with the host keys and user keys of this machine. */
export async function serverOptions(settings: Settings): Promise<CreateServerOptions> {
  // Without a file no key signs in: the policy that changes nothing leaves every request undecided, which denies it.
  const listed = settings.authorizedKeys === undefined ? identity : await authorizedKeys(settings.authorizedKeys, DEMO);
  const certified = settings.userCa === undefined ? identity : await userCertificates(settings.userCa, DEMO);
  const keys: Policy<SSHUserAuthRequest> = (verdict$) => verdict$.pipe(listed, certified);
  return {
    ...application(settings, keys),
    hostKeys: await loadHostKeys(settings.stateDir),
    algorithms: settings.algorithms,
    rekey: { bytes: settings.rekeyBytes },
  };
}

/** For `rxsshd policies` and `rxsshd replay`, with the settings that the environment has for the server itself. */
export default (): Promise<CreateServerOptions> => serverOptions(readSettings(process.env));
