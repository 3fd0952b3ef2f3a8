import { identity } from 'rxjs';
import { ALGORITHM_PRESETS, type CreateServerOptions, type Policy, type SSHUserAuthRequest } from 'rxsshd';

import { application } from './application.js';
import { authorizedKeys } from './authorized-keys.js';
import { DEMO, MFA } from './desk.js';
import { loadHostKeys } from './host-keys.js';
import { readSettings, type Settings } from './settings.js';
import { userCertificates } from './user-certificates.js';

/** The whole server: the application, with the host keys and user keys of this machine. */
export async function serverOptions(settings: Settings): Promise<CreateServerOptions> {
  // Without a file no key signs in: the policy that changes nothing leaves every request undecided, which denies it.
  // What the second factor of the other user needs comes with the passwords; without them a key would be all of it.
  const users: readonly [string, ...string[]] = settings.demoPasswords ? [DEMO, MFA] : [DEMO];
  const listed =
    settings.authorizedKeys === undefined ? identity : await authorizedKeys(settings.authorizedKeys, users);
  const certified = settings.userCa === undefined ? identity : await userCertificates(settings.userCa, DEMO);
  const keys: Policy<SSHUserAuthRequest> = (verdict$) => verdict$.pipe(listed, certified);
  return {
    ...application(settings, keys),
    hostKeys: await loadHostKeys(settings.stateDir),
    algorithms: settings.compression
      ? { ...ALGORITHM_PRESETS[settings.algorithms], compression: ['none', 'zlib@openssh.com'] }
      : settings.algorithms,
    rekey: { bytes: settings.rekeyBytes },
    logLevel: settings.logLevel,
  };
}

/** For `rxsshd policies` and `rxsshd replay`, with the settings that the environment has for the server itself. */
export default (): Promise<CreateServerOptions> => serverOptions(readSettings(process.env));
