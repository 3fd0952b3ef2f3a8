import { Exec, type Session, SshHandler } from 'rxsshd';

/** What this server is there for. */
@SshHandler()
export class Commands {
  @Exec('true')
  true() {
    return 0;
  }

  @Exec('cat')
  cat(session: Session) {
    return session.stdin;
  }
}
