// A server that refuses passwords, in one of several ways, and says where it listens.
import { argon2idHasher } from '@rxsshd/passwords';
import {
  createServer,
  decide,
  generateHostKey,
  grantHashedPassword,
  grantPassword,
  type PasswordHasher,
  PasswordHashing,
  scryptHasher,
} from 'rxsshd';

const [scheme = ''] = process.argv.slice(2);
const KNOWN = 'known-user';

const hasherFor = (): PasswordHasher => {
  if (scheme === 'argon2id') return argon2idHasher();
  return scheme === 'cheap scrypt' ? scryptHasher({ ln: 4, p: 1 }) : scryptHasher();
};

const hashing = new PasswordHashing({
  hashers: [hasherFor()],
  maxConcurrent: 1,
});
const hash = await hashing.hash('right password');
const hashOf = (user: string): string | undefined => (user === KNOWN ? hash : undefined);

const { hostKey } = await generateHostKey('ssh-ed25519');
const server = await createServer({
  hostKeys: [hostKey],
  authMethods: ['password'],
  // Refusals are what it is for.
  limits: { maxAuthFailures: 1_000_000, maxAuthRequests: 1_000_000 },
  loginGraceMs: 3_600_000,
  handlers: [
    decide(
      'SSHUserAuthRequest',
      scheme === 'no decoy'
        ? grantPassword(async (user, password) => {
            const own = hashOf(user);
            return own !== undefined && (await hashing.verify(own, password)).correct;
          })
        : grantHashedPassword({ hashing, hashOf }),
    ),
  ],
});
const address = await server.listen({ host: '127.0.0.1', port: 0 });
if (typeof address === 'object') console.log(`listening on ssh://127.0.0.1:${String(address.port)}`);
