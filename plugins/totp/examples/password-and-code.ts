import { generateRecoveryCodes, generateTotpSecret, MemoryRecoveryCodes, totp, totpUri } from '@rxsshd/totp';
import {
  createServer,
  decide,
  exec,
  grantHashedPassword,
  hashPassword,
  loadOrCreateHostKey,
  requireMethods,
} from 'rxsshd';

// What a real application keeps in its database, and shows to its user once.
const secret = process.env['TOTP_SECRET'] ?? generateTotpSecret();
const passwordHash = await hashPassword('demo');
const { codes, digests } = generateRecoveryCodes('demo');
const recovery = new MemoryRecoveryCodes();
recovery.set('demo', digests);
console.log(totpUri({ issuer: 'Bastion', account: 'demo', secret }));
console.log(codes.join('\n'));

const password = grantHashedPassword({ hashOf: (user) => (user === 'demo' ? passwordHash : undefined) });
const code = totp({ secretOf: (user) => (user === 'demo' ? secret : undefined), recovery });

const server = await createServer({
  hostKeys: [await loadOrCreateHostKey('.rxsshd/ssh_host_ed25519_key')],
  authMethods: ['password', 'keyboard-interactive'],
  handlers: [
    decide('SSHUserAuthRequest', requireMethods('password+totp'), { phase: 'limit' }),
    decide('SSHUserAuthRequest', password),
    decide('SSHUserAuthRequest', code),
    exec('hello', (session) => `hello ${session.user}\n`),
  ],
});
console.log('listening on', await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 2222) }));
