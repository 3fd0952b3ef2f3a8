import { Exec, type Session, SshHandler } from 'rxsshd';

import { execute } from './program.js';
import { words } from './words.js';

/** The words of this server as commands: `ssh demo@host whoami`. */
@SshHandler()
export class Commands {
  @Exec('true')
  true(session: Session) {
    return execute(session, words.true);
  }

  @Exec('exit *')
  exit(session: Session) {
    return execute(session, words.exit);
  }

  @Exec('signal *')
  signal(session: Session) {
    return execute(session, words.signal);
  }

  @Exec('cat')
  cat(session: Session) {
    return execute(session, words.cat);
  }

  @Exec('sink')
  sink(session: Session) {
    return execute(session, words.sink);
  }

  @Exec('source *')
  source(session: Session) {
    return execute(session, words.source);
  }

  @Exec('env')
  env(session: Session) {
    return execute(session, words.env);
  }

  @Exec('tty')
  tty(session: Session) {
    return execute(session, words.tty);
  }

  @Exec('sleep *')
  sleep(session: Session) {
    return execute(session, words.sleep);
  }

  @Exec('whoami')
  whoami(session: Session) {
    return execute(session, words.whoami);
  }
}
