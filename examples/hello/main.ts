import type { Observable } from 'rxjs';
import { createServer, Decide, Exec, grantPassword, loadOrCreateHostKey, SshHandler } from 'rxsshd';
import type { Session, SSHUserAuthRequest, Verdict } from 'rxsshd';

@SshHandler()
class Hello {
  @Decide('SSHUserAuthRequest')
  signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$.pipe(grantPassword((user, password) => user === 'demo' && password === 'demo'));
  }

  @Exec('hello')
  hello(session: Session) {
    return `hello ${session.user}\n`;
  }
}

const hostKey = await loadOrCreateHostKey('.rxsshd/ssh_host_ed25519_key');
const server = await createServer({ hostKeys: [hostKey], handlers: [Hello] });
await server.listen({ host: '127.0.0.1', port: 2222 });
console.log('ssh -p 2222 demo@127.0.0.1 hello');
