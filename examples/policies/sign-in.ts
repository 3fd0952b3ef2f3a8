import {
  allOf,
  anyOf,
  forUsers,
  grantPassword,
  grantPublicKey,
  grantWhen,
  named,
  type SSHUserAuthRequest,
} from 'rxsshd';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUpgMoQnTzOWWWqSmVpTeS1uYyZMF9BTQYIEsdfVRzq ann';

/** Ann by her key, and from the office alone; or a guest by today's password. */
export const signIn = named(
  'front door',
  anyOf<SSHUserAuthRequest>(
    allOf(
      grantPublicKey(key, { user: 'ann' }),
      grantWhen(({ connection }) => connection.remoteAddress.startsWith('192.0.2.'), { name: 'office' }),
    ),
    forUsers(
      ['guest-*'],
      grantPassword((_user, password) => password === 'today'),
    ),
  ),
);
