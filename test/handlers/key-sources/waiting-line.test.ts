import { defer, of, Subject, type Subscription, throwError } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import { messageOf } from '../../../src/errors.js';
import { WaitingLine } from '../../../src/handlers/key-sources/waiting-line.js';

describe('a waiting line', () => {
  let line: WaitingLine;
  /** What has happened, in its order. */
  let said: string[];
  beforeEach(() => {
    line = new WaitingLine({ maxRunning: 2, maxWaiting: 2 });
    said = [];
  });

  interface Visit {
    readonly work: Subject<string>;
    readonly subscription: Subscription;
  }

  /** Work that lasts until the test ends it. */
  function enter(name: string): Visit {
    const work = new Subject<string>();
    const begun = defer(() => {
      said.push(`${name} begins`);
      return work;
    });
    const subscription = line.enter(begun).subscribe({
      next: (value) => said.push(`${name} says ${value}`),
      error: (cause: unknown) => said.push(`${name} fails: ${messageOf(cause)}`),
      complete: () => said.push(`${name} ends`),
    });
    return { work, subscription };
  }

  it('lets a few in, has others wait in order, and turns the rest away', () => {
    const [a, b] = ['a', 'b', 'c', 'd', 'e'].map(enter);
    expect(said).toEqual(['a begins', 'b begins', 'e fails: 2 wait already']);
    b?.work.next('hello');
    b?.work.complete();
    a?.work.error(new Error('broken'));
    expect(said.slice(3)).toEqual(['b says hello', 'b ends', 'c begins', 'a fails: broken', 'd begins']);
  });

  it('tells those whom it turns away that it is busy', () => {
    for (const name of ['a', 'b', 'c', 'd']) enter(name);
    let cause: unknown;
    line.enter(of('e')).subscribe({ error: (it: unknown) => (cause = it) });
    expect(cause).toMatchObject({ code: 'ERR_SSH_BUSY', message: '2 wait already' });
  });

  it('gives the place of whoever leaves to the next', () => {
    const [a, , c] = ['a', 'b', 'c', 'd'].map(enter);
    c?.subscription.unsubscribe();
    a?.subscription.unsubscribe();
    expect(said).toEqual(['a begins', 'b begins', 'd begins']);
    expect(a?.work.observed).toBe(false);
    enter('e');
    enter('f');
    expect(said.slice(3)).toEqual([]);
  });

  it('keeps no place for work that ends or fails in the call', () => {
    for (let index = 0; index < 5; index += 1) {
      line.enter(of(index)).subscribe((value) => said.push(String(value)));
      line
        .enter(throwError(() => new Error('at once')))
        .subscribe({ error: (cause: unknown) => said.push(messageOf(cause)) });
    }
    expect(said).toHaveLength(10);
    enter('a');
    enter('b');
    expect(said.slice(10)).toEqual(['a begins', 'b begins']);
  });

  it('runs what waits one after the other when all of it ends in the call', () => {
    const first = enter('a');
    const second = enter('b');
    for (const name of ['c', 'd']) line.enter(of(name)).subscribe((value) => said.push(value));
    first.work.complete();
    expect(said).toEqual(['a begins', 'b begins', 'a ends', 'c', 'd']);
    second.work.complete();
    enter('e');
    enter('f');
    enter('g');
    expect(said.slice(5)).toEqual(['b ends', 'e begins', 'f begins']);
  });
});
