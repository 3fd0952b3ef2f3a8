import { Container } from 'inversify';
import { type Observable, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { ConnectionScopes } from '../../src/di/connection-scopes.js';
import { Explorer } from '../../src/di/explore.js';
import { Decide } from '../../src/handlers/decorators/decide.js';
import { Exec } from '../../src/handlers/decorators/exec.js';
import { On } from '../../src/handlers/decorators/on.js';
import { Shell } from '../../src/handlers/decorators/shell.js';
import { SshHandler } from '../../src/handlers/decorators/ssh-handler.js';
import { Subsystem } from '../../src/handlers/decorators/subsystem.js';
import { decide, exec, on, shell, subsystem } from '../../src/handlers/handler-function.js';
import { addRecord } from '../../src/handlers/metadata.js';
import type { ReportServiceFailure } from '../../src/handlers/sessions/session-router.js';
import type { Session } from '../../src/handlers/sessions/session.js';
import { EventHub } from '../../src/streams/event-hub.js';
import type { Disconnected } from '../../src/streams/events/disconnected.js';
import type { SSHChannelRequest } from '../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import type { Verdict } from '../../src/streams/verdict.js';

const report = vi.fn();
const scopes = new ConnectionScopes({
  container: new Container(),
  modules: [],
  hub: new EventHub(),
  find: () => undefined,
});

/** For methods that do not look at theirs. */
const noSession = undefined as unknown as Session;

@SshHandler()
class Desk {
  readonly greeting = 'up';
  readonly seen: unknown[] = [];

  @Decide('SSHUserAuthRequest') signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    this.seen.push('signIn');
    return verdict$;
  }
  @Decide('SSHChannelRequest') permit(verdict$: Observable<Verdict<SSHChannelRequest>>) {
    return verdict$;
  }
  @On('Disconnected') tally(disconnected$: Observable<Disconnected>) {
    this.seen.push(disconnected$);
    return of(this.greeting);
  }
  @Exec('uptime') uptime() {
    return this.greeting;
  }
  @Shell() shell() {
    return 0;
  }
  @Subsystem('sftp') sftp() {
    return 0;
  }
}

@SshHandler()
class Rival {
  @Exec('uptime') up() {
    return 'also up';
  }
}

const explore = (handlers: readonly object[], reporter: ReportServiceFailure, connectionScopes: ConnectionScopes) =>
  new Explorer({ report: reporter, scopes: connectionScopes }).explore(handlers);

describe('Explorer', () => {
  it('finds policies under the request they decide, as Class.method, and puts the services behind them', () => {
    const { policies } = explore([new Desk()], report, scopes);
    expect(policies.SSHUserAuthRequest).toMatchObject([{ source: 'Desk.signIn', phase: 'authenticate' }]);
    expect(policies.SSHChannelRequest).toMatchObject([
      { source: 'Desk.permit', phase: 'authorize' },
      { source: 'rxsshd/router', phase: 'route' },
    ]);
    expect(policies.ConnectionRequest).toEqual([]);
  });

  it('binds methods to their handler and calls none of them', () => {
    const desk = new Desk();
    const { policies, observers, services } = explore([desk], report, scopes);
    expect(desk.seen).toEqual([]);

    const verdict$ = new Subject<Verdict<SSHUserAuthRequest>>();
    expect(policies.SSHUserAuthRequest?.[0]?.policy(verdict$)).toBe(verdict$);
    expect(desk.seen).toEqual(['signIn']);

    const { streams } = new EventHub();
    expect(observers).toMatchObject([{ source: 'Desk.tally', event: 'Disconnected' }]);
    const values: unknown[] = [];
    observers[0]?.bind(streams).subscribe((it) => values.push(it));
    expect(desk.seen.at(-1)).toBe(streams.Disconnected);
    expect(values).toEqual(['up']);

    expect(services.exec.find('uptime')?.service(noSession)).toBe('up');
  });

  it('knows services by what asks for them', () => {
    const { services } = explore([new Desk()], report, scopes);
    expect(services.exec.find('uptime')).toMatchObject({ source: 'Desk.uptime' });
    expect(services.exec.find('uptime -p')).toBeUndefined();
    expect(services.shell).toMatchObject({ source: 'Desk.shell' });
    expect([...services.subsystems.keys()]).toEqual(['sftp']);
  });

  it('needs no router where there are no services', () => {
    const { policies, observers, services } = explore([], report, scopes);
    expect(Object.values(policies).flat()).toEqual([]);
    expect(observers).toEqual([]);
    expect(services.shell).toBeUndefined();
  });

  it('reads classes and plain functions in the order given', () => {
    const first = decide('SSHUserAuthRequest', (verdict$) => verdict$, { source: 'first' });
    function last(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
      return verdict$;
    }
    const { policies } = explore(
      [first, new Desk(), decide('SSHUserAuthRequest', last, { phase: 'limit' })],
      report,
      scopes,
    );
    expect(policies.SSHUserAuthRequest).toMatchObject([
      { source: 'first', phase: 'authenticate' },
      { source: 'Desk.signIn' },
      { source: 'last', phase: 'limit' },
    ]);
  });

  it('names plain functions by what they are for if they have no name', () => {
    const nameless = [() => 0, () => 1, () => 2] as const;
    const { services, observers } = explore(
      [
        exec('uptime', nameless[0]),
        shell(nameless[1]),
        subsystem('sftp', nameless[2]),
        on('all', (event$) => event$, { source: 'audit' }),
      ],
      report,
      scopes,
    );
    expect(services.exec.find('uptime')?.source).toBe('exec(uptime)');
    expect(services.shell?.source).toBe('shell');
    expect(services.subsystems.get('sftp')?.source).toBe('subsystem(sftp)');
    expect(observers).toMatchObject([{ source: 'audit', event: 'all' }]);
    const { streams } = new EventHub();
    expect(observers[0]?.bind(streams)).toBe(streams.all);
  });

  it('finds what a handler inherits, under its own name and with its own overrides', () => {
    @SshHandler()
    class Derived extends Desk {
      override uptime() {
        return 'derived';
      }
    }
    const { services } = explore([new Derived()], report, scopes);
    expect(services.exec.find('uptime')).toMatchObject({ source: 'Derived.uptime' });
    expect(services.exec.find('uptime')?.service(noSession)).toBe('derived');
  });
});

describe('explore names the place of a mistake and a way out:', () => {
  const conflictOf = (...handlers: object[]): unknown => {
    try {
      explore(handlers, report, scopes);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it('two handlers of one command', () => {
    expect(conflictOf(new Desk(), new Rival())).toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
      message: 'exec "uptime" is routed twice: Desk.uptime and Rival.up. Rename one command or unbind one handler.',
    });
  });

  it('two shells', () => {
    expect(
      conflictOf(
        new Desk(),
        shell(() => 0, { source: 'other' }),
      ),
    ).toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
      message: 'the shell is served twice: Desk.shell and other. Remove one @Shell() or unbind one handler.',
    });
  });

  it('two handlers of one subsystem', () => {
    expect(
      conflictOf(
        new Desk(),
        subsystem('sftp', () => 0, { source: 'other' }),
      ),
    ).toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
      message: 'subsystem "sftp" is routed twice: Desk.sftp and other. Rename one subsystem or unbind one handler.',
    });
  });

  it('a command that is no pattern', () => {
    expect(conflictOf(exec('up*', () => 0, { source: 'Desk.up' }))).toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
      message: expect.stringContaining('Desk.up: "up*" is no pattern of a command') as string,
    });
  });

  it('a subsystem without a name', () => {
    expect(conflictOf(subsystem('', () => 0, { source: 'Desk.sub' }))).toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
      message: 'Desk.sub serves a subsystem without a name. Name it.',
    });
  });

  it('a class that is no handler, also below one that is', () => {
    class Derived extends Desk {}
    for (const handler of [new Derived(), new Map()]) {
      expect(conflictOf(handler)).toMatchObject({
        code: 'ERR_SSH_HANDLER',
        message: `${handler.constructor.name} is given as a handler but has no @SshHandler(). Decorate the class, also if its base class is decorated.`,
      });
    }
    expect(conflictOf({ kind: 'nonsense' })).toMatchObject({ code: 'ERR_SSH_HANDLER' });
  });

  it('a decorated name that is no method any more', () => {
    @SshHandler()
    class Assigned {
      constructor() {
        Object.assign(this, { work: 'gone' });
      }
      @Exec('work') work() {
        return 0;
      }
    }
    expect(conflictOf(new Assigned())).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: 'Assigned.work is decorated but is no function. Decorate a method, and do not assign to it.',
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an unknown event', { kind: 'observe', event: 'Disconected' }, 'observes the unknown event "Disconected"'],
    [
      'a notice that cannot be decided',
      { kind: 'decide', request: 'Connected' },
      'decides the unknown request "Connected"',
    ],
    [
      'an unknown phase',
      { kind: 'decide', request: 'ConnectionRequest', phase: 'first' },
      'is in the unknown phase "first"',
    ],
  ])('%s', (_what, record, message) => {
    @SshHandler()
    class Typo {
      work(): number {
        return 0;
      }
    }
    // What JavaScript lets through.
    addRecord(Typo.prototype, { method: 'work', ...record } as never);
    expect(conflictOf(new Typo())).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringMatching(
        `^Typo\\.work ${message}\\. There are .*ConnectionRequest|^Typo\\.work ${message}\\. There are limit`,
      ) as string,
    });
  });

  it('a plain handler whose function is missing', () => {
    // What JavaScript lets through.
    const service = undefined as never;
    expect(conflictOf(exec('work', service, { source: 'main.work' }))).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: 'main.work is no function. Give the function itself, not its result.',
    });
  });
});
