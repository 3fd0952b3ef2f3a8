import { firstValueFrom, isObservable, of, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { fakeClock, type FakeScript } from '../../../src/testing/index.js';
import { ScriptedCalls } from '../../../src/testing/fakes/scripted-calls.js';

const down = new Error('down');

/** Which of `count` calls fail. */
function failures(script: FakeScript, count: number, everyMs = 0, methods: readonly string[] = ['ask']): number[] {
  const clock = fakeClock();
  const scripted = new ScriptedCalls({ clock, ...script });
  return Array.from({ length: count }, (_, index) => index + 1).filter((ordinal) => {
    try {
      scripted.answer(methods[(ordinal - 1) % methods.length] ?? '', [], () => ordinal);
      return false;
    } catch (cause) {
      expect(cause).toBe(down);
      return true;
    } finally {
      clock.advance(everyMs);
    }
  });
}

describe('the script of a fake', () => {
  it('lets everything go well if it says nothing', () => {
    expect(failures({}, 5)).toEqual([]);
  });

  it('fails every call by an error alone', () => {
    expect(failures({ faults: { error: down } }, 3)).toEqual([1, 2, 3]);
  });

  it('fails the calls that it counts', () => {
    expect(failures({ faults: { onCall: 3, error: down } }, 5)).toEqual([3]);
    expect(failures({ faults: { onCall: [1, 4], error: down } }, 5)).toEqual([1, 4]);
  });

  it('counts the calls of a method by themselves', () => {
    const methods = ['read', 'write'];
    expect(failures({ faults: { method: 'write', error: down } }, 6, 0, methods)).toEqual([2, 4, 6]);
    expect(failures({ faults: { method: 'write', onCall: 2, error: down } }, 6, 0, methods)).toEqual([4]);
  });

  it('fails calls from one moment on until before another', () => {
    expect(failures({ faults: { failFrom: 20, error: down } }, 5, 10)).toEqual([3, 4, 5]);
    expect(failures({ faults: { failUntil: 20, error: down } }, 5, 10)).toEqual([1, 2]);
    expect(failures({ faults: { failFrom: 10, failUntil: 30, error: down } }, 5, 10)).toEqual([2, 3]);
  });

  it.each([['1970-01-01T00:00:01Z'], [new Date(1000)], [1000]])('reads %s as a moment', (failFrom) => {
    expect(failures({ faults: { failFrom, error: down } }, 3, 500)).toEqual([3]);
  });

  it('takes the first of several faults that fits', () => {
    const script: FakeScript = {
      faults: [
        { onCall: 2, error: down },
        { onCall: [2, 3], error: down },
      ],
    };
    expect(failures(script, 4)).toEqual([2, 3]);
  });

  it('asks a function about each call', () => {
    const seen: unknown[] = [];
    const script: FakeScript = {
      faults: (call) => {
        seen.push(call);
        return call.ordinal % 2 === 0 ? down : undefined;
      },
    };

    expect(failures(script, 4, 5, ['read', 'read', 'write'])).toEqual([2, 4]);
    expect(seen).toEqual([
      { method: 'read', ordinal: 1, methodOrdinal: 1, arguments: [], atMs: 0 },
      { method: 'read', ordinal: 2, methodOrdinal: 2, arguments: [], atMs: 5 },
      { method: 'write', ordinal: 3, methodOrdinal: 1, arguments: [], atMs: 10 },
      { method: 'read', ordinal: 4, methodOrdinal: 3, arguments: [], atMs: 15 },
    ]);
  });

  it('is overruled by hand until told otherwise', () => {
    const scripted = new ScriptedCalls({});
    scripted.fail(down);
    expect(() => scripted.answer('ask', [], () => 1)).toThrow(down);
    scripted.recover();
    expect(scripted.answer('ask', [], () => 1)).toBe(1);
    expect(scripted.calls).toHaveLength(2);
  });

  it.each<[string, FakeScript]>([
    ['failFrom: ', { faults: { failFrom: 'tomorrow', error: down } }],
    ['failUntil: ', { faults: [{ failUntil: Number.NaN, error: down }] }],
    ['onCall: ', { faults: { onCall: 0, error: down } }],
    ['onCall: ', { faults: { onCall: [1, 1.5], error: down } }],
    ['latencyMs: ', { latencyMs: -1 }],
    ['latencyMs: ', { latencyMs: Number.NaN }],
  ])('cannot be misread: %s', (message, script) => {
    expect(() => new ScriptedCalls(script)).toThrow(TypeError);
    expect(() => new ScriptedCalls(script)).toThrow(message);
  });
});

describe('the latency of a fake', () => {
  it('is the time that the answer takes, of a value as of a failure', () => {
    const clock = fakeClock();
    const scripted = new ScriptedCalls({ clock, latencyMs: 50, faults: { onCall: 2, error: down } });
    const heard: unknown[] = [];
    for (let call = 1; call <= 2; call += 1) {
      scripted
        .observe('ask', [], () => call)
        .subscribe({
          next: (value) => heard.push(value, clock.now()),
          error: (error: unknown) => heard.push(error, clock.now()),
        });
    }
    clock.advance(49);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual([1, 50, down, 50]);
  });

  it('may differ by call', () => {
    const clock = fakeClock();
    const scripted = new ScriptedCalls({ clock, latencyMs: ({ ordinal }) => ordinal * 10 });
    const heard: unknown[] = [];
    for (const name of ['a', 'b', 'c']) scripted.observe('ask', [], () => name).subscribe((it) => heard.push(it));
    clock.advance(20);
    expect(heard).toEqual(['a', 'b']);
  });

  it('counts from the call, however late the answer is asked for', () => {
    const clock = fakeClock();
    const scripted = new ScriptedCalls({ clock, latencyMs: 50 });
    const answer$ = scripted.observe('ask', [], () => 1);
    clock.advance(40);
    const heard: unknown[] = [];
    answer$.subscribe((it) => heard.push(it));
    clock.advance(10);
    expect(heard).toEqual([1]);
  });

  it('does the work when called, and leaves no timer behind when nobody waits any more', () => {
    const clock = fakeClock();
    const scripted = new ScriptedCalls({ clock, latencyMs: 50 });
    let done = 0;
    const subscription = scripted.observe('ask', [], () => (done += 1)).subscribe();
    expect(done).toBe(1);
    expect(clock.pending).toBe(1);
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
  });

  it('of zero answers at once, in the form of what was asked', async () => {
    const scripted = new ScriptedCalls({});
    expect(scripted.answer('ask', [], () => 1)).toBe(1);
    expect(isObservable(new ScriptedCalls({ latencyMs: 1 }).answer('ask', [], () => 1))).toBe(true);
    expect(await scripted.promise('ask', [], () => 2)).toBe(2);
    scripted.fail(down);
    await expect(scripted.promise('ask', [], () => 2)).rejects.toBe(down);
  });

  it('tells a failure of the work itself as any other', () => {
    const clock = fakeClock();
    const scripted = new ScriptedCalls({ clock, latencyMs: 5 });
    const errors: unknown[] = [];
    scripted
      .observe('ask', [], () => {
        throw down;
      })
      .subscribe({ error: (error: unknown) => errors.push(error) });
    clock.advance(5);
    expect(errors).toEqual([down]);
  });

  it('holds back what a watched stream emits, and its end', async () => {
    const clock = fakeClock();
    const source = new Subject<number>();
    const heard: unknown[] = [];
    new ScriptedCalls({ clock, latencyMs: 5 })
      .watch('watch', [], () => source)
      .subscribe({ next: (it) => heard.push(it), error: (error: unknown) => heard.push(error) });
    source.next(1);
    source.error(down);
    expect(heard).toEqual([]);
    clock.advance(5);
    expect(heard).toEqual([1, down]);

    const plain$ = new ScriptedCalls({}).watch('watch', [], () => of(1, 2));
    expect(await firstValueFrom(plain$.pipe(toArray()))).toEqual([1, 2]);
  });
});
