import { inject, type ServiceIdentifier } from 'inversify';
import type { Observable } from 'rxjs';
import {
  Decide,
  Exec,
  grantPassword,
  idleTimeout,
  type Session,
  SshHandler,
  type SSHUserAuthRequest,
  type Verdict,
} from 'rxsshd';

/** Where the desk looks things up. */
export interface Directory {
  verify(user: string, password: string): Promise<boolean>;
  report(): Promise<string>;
}

export const DIRECTORY: ServiceIdentifier<Directory> = Symbol.for('desk/Directory');

@SshHandler()
export class Desk {
  readonly #directory: Directory;

  constructor(@inject(DIRECTORY) directory: Directory) {
    this.#directory = directory;
  }

  @Decide('SSHUserAuthRequest')
  signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$.pipe(
      grantPassword((user, password) => this.#directory.verify(user, password)),
      idleTimeout({ idleMs: 15 * 60_000 }),
    );
  }

  @Exec('report')
  async report(session: Session) {
    await session.write('a moment, please\n');
    await session.write(await this.#directory.report());
    return 0;
  }
}
