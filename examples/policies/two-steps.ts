import {
  decide,
  type FindAuthorizedKeys,
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  type Handler,
  type RequiredMethods,
  requireMethods,
  type VerifyPassword,
} from 'rxsshd';

/** Who knows what is right. */
export interface Accounts {
  readonly keysOf: FindAuthorizedKeys;
  readonly verifyPassword: VerifyPassword;
  readonly verifyCode: (user: string, code: string) => boolean | Promise<boolean>;
}

/** A code behind a password, or a security key alone; of administrators a code behind a key, and nothing less. */
const stepsOf: RequiredMethods = ({ user }) =>
  user.startsWith('admin-') ? 'publickey+code' : 'password+code | publickey:sk';

export const twoSteps = ({ keysOf, verifyPassword, verifyCode }: Accounts): readonly Handler[] => [
  decide('SSHUserAuthRequest', requireMethods(stepsOf), { phase: 'limit' }),
  decide('SSHUserAuthRequest', grantPublicKey(keysOf)),
  decide('SSHUserAuthRequest', grantPassword(verifyPassword)),
  decide(
    'SSHUserAuthRequest',
    grantKeyboardInteractive({
      name: 'code',
      prompts: [{ text: 'Verification code: ' }],
      verify: (user, [code = '']) => verifyCode(user, code),
    }),
  ),
];
