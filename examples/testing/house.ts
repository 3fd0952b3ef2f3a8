import { decide, exec, grantPassword, type Handler } from 'rxsshd';

const passwords = new Map([
  ['ann', 'right'],
  ['bob', 'fine'],
]);

/** Two users, who may ask for the time. */
export const house: readonly Handler[] = [
  decide(
    'SSHUserAuthRequest',
    grantPassword((user, password) => passwords.get(user) === password),
  ),
  exec('date', () => `${new Date().toISOString()}\n`),
];
