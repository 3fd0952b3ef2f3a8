import {
  banAfter,
  type ConnectionRequest,
  decide,
  denyUsers,
  during,
  exec,
  grantPassword,
  idleTimeout,
  rateLimit,
  type SSHUserAuthRequest,
} from 'rxsshd';

const MINUTE = 60_000;

/** A server's policies, from the first byte to what runs. `rxsshd policies` prints them in the order of their phases. */
export const house = [
  decide('ConnectionRequest', banAfter<ConnectionRequest>({ failures: 10, windowMs: 10 * MINUTE, banMs: 10 * MINUTE })),

  // Cheap ones first: what is denied here costs no look at a password.
  decide(
    'SSHUserAuthRequest',
    rateLimit<SSHUserAuthRequest>({ limit: 20, windowMs: MINUTE, keyOf: ({ connection }) => connection.remoteAddress }),
    { phase: 'limit' },
  ),
  // Two sources; a password that the first declines may be right for the second.
  decide(
    'SSHUserAuthRequest',
    grantPassword((user, password) => user === 'ann' && password === 'directory', { name: 'directory' }),
  ),
  decide(
    'SSHUserAuthRequest',
    grantPassword((user, password) => user === 'demo' && password === 'local', { name: 'local accounts' }),
  ),
  decide('SSHUserAuthRequest', denyUsers(['root']), { phase: 'authorize' }),

  // These decide little or nothing: they attach leases to what was granted.
  decide('SSHUserAuthRequest', idleTimeout({ idleMs: 15 * MINUTE }), { phase: 'authorize' }),
  decide('SSHChannelRequest', during(['mon-fri 07:00-19:00'], { timeZone: 'Europe/Berlin' })),

  exec('hello', (session) => `hello ${session.user}\n`),
];
