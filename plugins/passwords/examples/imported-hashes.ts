import { passwordsPlugin } from '@rxsshd/passwords';
import { inject } from 'inversify';
import type { Observable } from 'rxjs';
import {
  createServer,
  Decide,
  exec,
  grantHashedPassword,
  loadOrCreateHostKey,
  PASSWORD_HASHING,
  SshHandler,
} from 'rxsshd';
import type { PasswordHashing, SSHUserAuthRequest, Verdict } from 'rxsshd';

/** From another system, whose users keep their passwords: this is `demo`. */
const hashes = new Map([['demo', '$2b$10$CCg3V6dYwnR5e8hcFgaiWuc0RpmOE5tx.iYH09EaTo1AhyY611iou']]);

@SshHandler()
class Desk {
  readonly #hashing: PasswordHashing;

  constructor(@inject(PASSWORD_HASHING) hashing: PasswordHashing) {
    this.#hashing = hashing;
  }

  @Decide('SSHUserAuthRequest')
  signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$.pipe(
      grantHashedPassword({
        hashing: this.#hashing,
        hashOf: (user) => hashes.get(user),
        // Whose password was right has a hash by argon2id from then on.
        rehash: (user, hash, old) => {
          if (hashes.get(user) === old) hashes.set(user, hash);
        },
      }),
    );
  }
}

const server = await createServer({
  hostKeys: [await loadOrCreateHostKey('.rxsshd/ssh_host_ed25519_key')],
  handlers: [Desk, exec('scheme', ({ user }) => `${hashes.get(user)?.split('$')[1] ?? 'none'}\n`)],
  // Users who do not exist cost what these users cost. Once many have hashes by argon2id: { bcrypt: 1, argon2id: 3 }, say.
  plugins: [passwordsPlugin({ decoys: { bcrypt: 1 } })],
});
console.log('listening on', await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 2222) }));
