import { createServer, decide, exec, grantPassword, loadOrCreateHostKey } from 'rxsshd';

const signIn = decide(
  'SSHUserAuthRequest',
  grantPassword((user, password) => user === 'demo' && password === 'demo'),
);

const hello = exec('hello', (session) => `hello ${session.user}\n`);

const hostKey = await loadOrCreateHostKey('.rxsshd/ssh_host_ed25519_key');
const server = await createServer({ hostKeys: [hostKey], handlers: [signIn, hello] });
await server.listen({ host: '127.0.0.1', port: 2222 });
console.log('ssh -p 2222 demo@127.0.0.1 hello');
