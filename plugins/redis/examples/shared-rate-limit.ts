import { redisPlugin } from '@rxsshd/redis';
import { inject } from 'inversify';
import type { Observable } from 'rxjs';
import { COUNTER_STORE, createServer, Decide, grantPassword, loadOrCreateHostKey, rateLimit, SshHandler } from 'rxsshd';
import type { CounterStore, SSHUserAuthRequest, Verdict } from 'rxsshd';

@SshHandler()
class Desk {
  readonly #counters: CounterStore;

  constructor(@inject(COUNTER_STORE) counters: CounterStore) {
    this.#counters = counters;
  }

  @Decide('SSHUserAuthRequest')
  signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$.pipe(
      rateLimit({
        limit: 5,
        windowMs: 60_000,
        keyOf: (request) => request.connection.remoteAddress,
        store: this.#counters,
      }),
      grantPassword((user, password) => user === 'demo' && password === 'demo'),
    );
  }
}

const hostKey = await loadOrCreateHostKey('.rxsshd/ssh_host_ed25519_key');
const server = await createServer({
  hostKeys: [hostKey],
  handlers: [Desk],
  plugins: [redisPlugin({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' })],
});
await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 2222) });
