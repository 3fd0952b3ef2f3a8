// Checked by `tsc -p .`: an error that goes away leaves its directive unused, which is an error too.
import type { Observable } from 'rxjs';

import { Decide } from '../../src/handlers/decorators/decide.js';
import { Exec } from '../../src/handlers/decorators/exec.js';
import { On } from '../../src/handlers/decorators/on.js';
import { Shell } from '../../src/handlers/decorators/shell.js';
import { SshHandler } from '../../src/handlers/decorators/ssh-handler.js';
import { Subsystem } from '../../src/handlers/decorators/subsystem.js';
import { decide, exec, on } from '../../src/handlers/handler-function.js';
import type { ExitReport } from '../../src/handlers/sessions/exit-report.js';
import type { Session } from '../../src/handlers/sessions/session.js';
import type { Disconnected } from '../../src/streams/events/disconnected.js';
import type { SSHChannelClosed } from '../../src/streams/events/ssh-channel-closed.js';
import type { SSHChannelRequest } from '../../src/streams/events/ssh-channel-request.js';
import type { SshEvent } from '../../src/streams/events/ssh-event.js';
import type { SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import type { Verdict } from '../../src/streams/verdict.js';

type AuthVerdicts = Observable<Verdict<SSHUserAuthRequest>>;

@SshHandler()
export class Right {
  @Decide('SSHUserAuthRequest') signIn(verdict$: AuthVerdicts) {
    return verdict$;
  }
  @Decide('SSHUserAuthRequest', { phase: 'limit' }) any<R>(verdict$: Observable<Verdict<R>>): Observable<Verdict<R>> {
    return verdict$;
  }
  @On('Disconnected') tally(disconnected$: Observable<Disconnected>) {
    return disconnected$;
  }
  @On('all') audit(event$: Observable<SshEvent>) {
    return event$;
  }
  @Exec('nothing') nothing() {
    // Ends with status 0.
  }
  @Exec('later') async later(session: Session) {
    await session.write('later\n');
  }
  @Exec('status') async status(_session: Session): Promise<number> {
    return Promise.resolve(3);
  }
  @Exec('report') report(): ExitReport | string {
    return { exitSignal: 'TERM' };
  }
  @Exec('generate') async *generate(session: Session) {
    for await (const line of session.lines) yield `${line}\n`;
    return 0;
  }
  @Shell() shell(session: Session): Observable<string> {
    return session.signals;
  }
  @Subsystem('echo') *echo() {
    yield Buffer.from('echo');
  }
}

export class WrongPolicies {
  // @ts-expect-error a policy answers with an Observable, not with a Promise of one
  @Decide('SSHUserAuthRequest') async late(verdict$: AuthVerdicts) {
    return Promise.resolve(verdict$);
  }

  // @ts-expect-error a policy takes a stream of verdicts, not one request
  @Decide('SSHUserAuthRequest') single(_request: SSHUserAuthRequest): boolean {
    return true;
  }

  // @ts-expect-error a policy for channel requests cannot decide who signs in
  @Decide('SSHUserAuthRequest') foreign(verdict$: Observable<Verdict<SSHChannelRequest>>) {
    return verdict$;
  }

  // @ts-expect-error a policy gives verdicts back
  @Decide('SSHUserAuthRequest') forgetful(_verdict$: AuthVerdicts): void {
    return undefined;
  }

  // @ts-expect-error there is no such phase
  @Decide('SSHUserAuthRequest', { phase: 'authentication' }) misplaced(verdict$: AuthVerdicts) {
    return verdict$;
  }

  // @ts-expect-error a notice cannot be decided
  @Decide('Disconnected') notice(verdict$: AuthVerdicts) {
    return verdict$;
  }

  // @ts-expect-error a static method cannot be a handler method
  @Decide('SSHUserAuthRequest') static shared(verdict$: AuthVerdicts): AuthVerdicts {
    return verdict$;
  }

  // @ts-expect-error only methods can be decorated, not fields
  @Decide('SSHUserAuthRequest') readonly field = (verdict$: AuthVerdicts): AuthVerdicts => verdict$;
}

export class WrongObservers {
  // @ts-expect-error the events of a closed connection are not those of a closed channel
  @On('Disconnected') foreign(closed$: Observable<SSHChannelClosed>) {
    return closed$;
  }

  // @ts-expect-error an observer returns what is to be subscribed
  @On('Disconnected') forgetful(_disconnected$: Observable<Disconnected>): void {
    return undefined;
  }

  // @ts-expect-error there is no such event
  @On('Disconected') typo(disconnected$: Observable<Disconnected>) {
    return disconnected$;
  }
}

export class WrongServices {
  // @ts-expect-error a service takes a Session, not a command
  @Exec('text') text(_command: string): number {
    return 0;
  }

  // @ts-expect-error a service takes a Session and nothing else
  @Shell() two(_session: Session, _name: string): number {
    return 0;
  }

  // @ts-expect-error a boolean is neither output nor an exit
  @Subsystem('yes') yes(_session: Session): boolean {
    return true;
  }

  // @ts-expect-error a promise of a boolean is neither output nor an exit
  @Exec('soon') async soon(_session: Session): Promise<boolean> {
    return Promise.resolve(true);
  }

  // @ts-expect-error a static method cannot be a handler method
  @Exec('static') static shared(): number {
    return 0;
  }
}

// @ts-expect-error a policy as a plain function has the same shape as a method
decide('SSHUserAuthRequest', (verdict$: Observable<Verdict<SSHChannelRequest>>) => verdict$);

// @ts-expect-error an observer as a plain function has the same shape as a method
on('Disconnected', (closed$: Observable<SSHChannelClosed>) => closed$);

// @ts-expect-error a service as a plain function has the same shape as a method
exec('text', (command: string) => command);
