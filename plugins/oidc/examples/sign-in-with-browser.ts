import { oidcDeviceFlow } from '@rxsshd/oidc';
import { createServer, decide, exec, loadOrCreateHostKey } from 'rxsshd';

const { OIDC_ISSUER = 'https://login.example.com', OIDC_CLIENT_ID = 'ssh' } = process.env;
const { PORT = '2222', STATE_DIR = '.rxsshd' } = process.env;

const MINUTE = 60_000;

const server = await createServer({
  hostKeys: [await loadOrCreateHostKey(`${STATE_DIR}/ssh_host_ed25519_key`)],
  authMethods: ['keyboard-interactive'],
  // Longer than somebody may take to sign in.
  loginGraceMs: 6 * MINUTE,
  handlers: [
    decide(
      'SSHUserAuthRequest',
      oidcDeviceFlow({
        issuer: OIDC_ISSUER,
        clientId: OIDC_CLIENT_ID,
        scopes: ['profile'],
        userOf: ({ preferred_username: name }) => (typeof name === 'string' ? name : undefined),
        deadlineMs: 5 * MINUTE,
        sessionEnds: 'with-token',
      }),
    ),
    exec('whoami', (session) => `${session.user}\n`),
  ],
});
const address = await server.listen({ host: '127.0.0.1', port: Number(PORT) });
console.log('listening on', address);
