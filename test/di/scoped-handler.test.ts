import { filter, type Observable, Subject, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { ScopedHandler } from '../../src/di/scoped-handler.js';
import type { DecideRecord, ObserveRecord } from '../../src/di/handler-method.js';
import type { SshServerError } from '../../src/errors.js';
import { Decide } from '../../src/handlers/decorators/decide.js';
import { Exec } from '../../src/handlers/decorators/exec.js';
import { On } from '../../src/handlers/decorators/on.js';
import { SshHandler } from '../../src/handlers/decorators/ssh-handler.js';
import type { HandlerClass } from '../../src/handlers/handler-class.js';
import { recordsOf } from '../../src/handlers/metadata.js';
import type { Session } from '../../src/handlers/sessions/session.js';
import { channelId } from '../../src/streams/channel-id.js';
import { connectionId } from '../../src/streams/connection-id.js';
import type { ConnectionRequest } from '../../src/streams/events/connection-request.js';
import type { SshEvent } from '../../src/streams/events/ssh-event.js';
import type { PolicyContext } from '../../src/streams/policy-context.js';
import { consider, type Verdict } from '../../src/streams/verdict.js';
import { connectionRequest } from '../../src/testing/index.js';
import { policyContext } from '../../src/testing/policy-context.js';
import { deferred } from '../support/deferred.js';

const request = connectionRequest();
const { connection } = request;

const status = (message: string): SshEvent => ({ type: 'SSHStatus', connection, message });

const data = (bytes: Uint8Array): SshEvent => ({
  type: 'SSHChannelDataIn',
  connection,
  channel: channelId(connectionId(1), 0),
  data: bytes,
  dataType: 0,
});

@SshHandler({ scope: 'connection' })
class Desk {
  readonly seen: SshEvent[] = [];
  readonly asked: Verdict<ConnectionRequest>[] = [];
  readonly completed: string[] = [];
  onEvent: (event: SshEvent) => void = () => undefined;

  @On('all') watch(event$: Observable<SshEvent>) {
    return event$.pipe(
      tap({
        next: (event) => {
          this.seen.push(event);
          this.onEvent(event);
        },
        complete: () => this.completed.push('observer'),
      }),
    );
  }
  @Decide('ConnectionRequest') judge(verdict$: Observable<Verdict<ConnectionRequest>>) {
    return verdict$.pipe(tap((it) => this.asked.push(it)));
  }
}

function handlerOf(handler: HandlerClass, build: () => Promise<object>) {
  const reports: (readonly [string, string])[] = [];
  const scoped = new ScopedHandler(handler, build, (error: SshServerError, source) => {
    reports.push([source, error.message]);
  });
  const records = recordsOf(handler);
  return {
    scoped,
    reports,
    all: records.find((it): it is ObserveRecord => it.kind === 'observe'),
    judge: records.find((it): it is DecideRecord => it.kind === 'decide'),
  };
}

/** The records of {@link Desk}. */
function deskWith(build: () => Promise<object>) {
  const { all, judge, ...rest } = handlerOf(Desk, build);
  if (all === undefined || judge === undefined) throw new Error('Desk has lost a decorator');
  return { ...rest, all, judge };
}

describe('events that come while an instance is being built', () => {
  it('are shown to it afterwards, in order, with the data they came with', async () => {
    const building = deferred<object>();
    const { scoped, all } = deskWith(() => building.promise);
    const desk = new Desk();
    const memory = Buffer.from('abc');

    scoped.observe(all, status('first'));
    scoped.observe(all, data(memory));
    memory.fill('x');
    building.resolve(desk);
    await scoped.end();

    expect(desk.seen).toEqual([status('first'), data(Uint8Array.from(Buffer.from('abc')))]);
    expect(desk.completed).toEqual(['observer']);
  });

  it('come before those that their observers bring about', async () => {
    const building = deferred<object>();
    const { scoped, all } = deskWith(() => building.promise);
    const desk = new Desk();
    desk.onEvent = (event) => {
      if (event.type === 'SSHStatus' && event.message === 'first') scoped.observe(all, status('caused by the first'));
    };

    scoped.observe(all, status('first'));
    scoped.observe(all, status('second'));
    building.resolve(desk);
    await scoped.end();

    expect(desk.seen).toEqual([status('first'), status('second'), status('caused by the first')]);
  });

  it('are bounded in number: what is too much is left out and reported once', async () => {
    const building = deferred<object>();
    const { scoped, all, reports } = deskWith(() => building.promise);
    const desk = new Desk();

    for (let n = 1; n <= 300; n += 1) scoped.observe(all, status(String(n)));
    expect(reports).toEqual([
      [
        'Desk.watch',
        'Desk takes so long to build that too many events wait for it; SSHStatus and later ones are left out',
      ],
    ]);

    building.resolve(desk);
    await scoped.end();
    expect(desk.seen).toHaveLength(256);
  });

  it('are forgotten if it cannot be built, which is reported once', async () => {
    const { scoped, all, reports } = deskWith(() => Promise.reject(new Error('no desk')));

    scoped.observe(all, status('first'));
    scoped.observe(all, status('second'));
    await scoped.end();
    scoped.observe(all, status('third'));

    expect(reports).toEqual([['Desk.watch', 'no desk']]);
  });
});

describe('a verdict', () => {
  it('is decided at once, in the same turn, when the instance is there', async () => {
    const desk = new Desk();
    const { scoped, judge } = deskWith(() => Promise.resolve(desk));
    const answers: Verdict<ConnectionRequest>[] = [];
    await new Promise<void>((resolve) => {
      scoped.decide(judge, consider(request)).subscribe({ complete: resolve });
    });

    scoped.decide(judge, consider(request)).subscribe((it) => answers.push(it));

    expect(answers).toEqual([consider(request)]);
    expect(desk.asked).toHaveLength(2);
  });

  it('gets no answer if the connection ends first', async () => {
    const answers: unknown[] = [];
    @SshHandler({ scope: 'connection' })
    class Silent {
      @Decide('ConnectionRequest') judge(verdict$: Observable<Verdict<ConnectionRequest>>) {
        return verdict$.pipe(
          tap(() => {
            answers.push('asked');
          }),
          filter(() => false),
        );
      }
    }
    const { scoped, judge } = handlerOf(Silent, () => Promise.resolve(new Silent()));
    if (judge === undefined) throw new Error('Silent has lost its decorator');

    scoped.decide(judge, consider(request)).subscribe({
      next: (it) => answers.push(it),
      complete: () => answers.push('completed'),
    });
    await scoped.end();

    expect(answers).toEqual(['asked', 'completed']);
  });

  it('carries a context that is retired with the connection, and one object for all of the connection', async () => {
    const desk = new Desk();
    const { scoped, judge } = deskWith(() => Promise.resolve(desk));
    const context = policyContext();
    const ask = (it: PolicyContext): Promise<unknown> =>
      new Promise<void>((resolve) => {
        scoped.decide(judge, consider(request, it)).subscribe({ complete: resolve });
      });

    await ask(context);
    await ask({ ...context, reevaluation: true });
    await ask(context);

    const [first, again, last] = desk.asked.map((it) => it.context);
    expect(first).toBe(last);
    expect([first?.reevaluation, again?.reevaluation]).toEqual([false, true]);
    const retired: string[] = [];
    first?.retired.subscribe({ next: () => retired.push('next'), complete: () => retired.push('complete') });
    expect(retired).toEqual([]);
    await scoped.end();
    expect(retired).toEqual(['next', 'complete']);
  });

  it('carries a context that is retired with the policies of the server as well', async () => {
    const desk = new Desk();
    const { scoped, judge } = deskWith(() => Promise.resolve(desk));
    const retired = new Subject<void>();
    const context: PolicyContext = { ...policyContext(), retired: retired.asObservable() };
    await new Promise<void>((resolve) => {
      scoped.decide(judge, consider(request, context)).subscribe({ complete: resolve });
    });
    const heard: string[] = [];
    desk.asked[0]?.context?.retired.subscribe({ next: () => heard.push('next') });

    retired.next();
    await scoped.end();

    expect(heard).toEqual(['next']);
  });
});

describe('a service', () => {
  @SshHandler({ scope: 'connection' })
  class Clerk {
    calls = 0;
    @Exec('work') work() {
      this.calls += 1;
      return this.calls;
    }
  }
  const [record] = recordsOf(Clerk);
  if (record?.kind !== 'exec') throw new Error('Clerk has lost its decorator');
  // All that the scope looks at.
  const sessionOn = (channel: { closed: boolean }): Session => ({ channel }) as unknown as Session;

  it('runs as soon as the instance is built, and at once if it is', async () => {
    const { scoped } = handlerOf(Clerk, () => Promise.resolve(new Clerk()));
    const session = sessionOn({ closed: false });

    expect(await scoped.serve(record, session)).toBe(1);
    expect(scoped.serve(record, session)).toBe(2);
  });

  it('does not run if its channel has closed meanwhile', async () => {
    const building = deferred<object>();
    const { scoped } = handlerOf(Clerk, () => building.promise);
    const clerk = new Clerk();
    const channel = { closed: false };

    const result = scoped.serve(record, sessionOn(channel));
    channel.closed = true;
    building.resolve(clerk);

    expect(await result).toBeUndefined();
    expect(clerk.calls).toBe(0);
  });
});

describe('an observer that cannot be built', () => {
  it('is reported by name and costs nobody else anything', async () => {
    @SshHandler({ scope: 'connection' })
    class Half {
      readonly seen: SshEvent[] = [];
      @On('SSHStatus') broken(_event$: Observable<SshEvent>): Observable<unknown> {
        throw new Error('no eyes');
      }
      @On('all') whole(event$: Observable<SshEvent>) {
        return event$.pipe(tap((it) => this.seen.push(it)));
      }
    }
    const half = new Half();
    const { scoped, reports } = handlerOf(Half, () => Promise.resolve(half));

    for (const record of recordsOf(Half)) if (record.kind === 'observe') scoped.observe(record, status('on'));
    await scoped.end();

    expect(reports).toEqual([['Half.broken', 'Half.broken threw while it was built: no eyes']]);
    expect(half.seen).toEqual([status('on')]);
  });
});
