import { describe, expect, it, vi } from 'vitest';

import { SharedQuestions } from '../src/shared-questions.js';

/** A question that is answered when the test says so, and gives up when it is told to. */
function question() {
  let resolve: (answer: string) => void = () => undefined;
  let given: AbortSignal | undefined;
  const ask = vi.fn((signal: AbortSignal) => {
    given = signal;
    return new Promise<string>((onAnswer, onFailure) => {
      resolve = onAnswer;
      signal.addEventListener('abort', () => {
        onFailure(signal.reason as Error);
      });
    });
  });
  return {
    ask,
    answer: (text: string) => {
      resolve(text);
    },
    isGivenUp: () => given?.aborted === true,
  };
}

const GONE = new Error('gone');

describe('SharedQuestions', () => {
  it('asks once for all who ask at once, and again afterwards', async () => {
    const [questions, first, second] = [new SharedQuestions<string>(), question(), question()];
    const both = [questions.ask('ann', first.ask), questions.ask('ann', first.ask)];
    const other = questions.ask('bob', second.ask);
    first.answer('one');
    second.answer('other');
    await expect(Promise.all([...both, other])).resolves.toEqual(['one', 'one', 'other']);
    expect(first.ask).toHaveBeenCalledOnce();

    const later = question();
    const again = questions.ask('ann', later.ask);
    later.answer('two');
    await expect(again).resolves.toBe('two');
  });

  it('gives a question up with the last who waits for its answer', async () => {
    const [questions, one] = [new SharedQuestions<string>(), question()];
    const [ann, bob] = [new AbortController(), new AbortController()];
    const asked = [questions.ask('x', one.ask, ann.signal), questions.ask('x', one.ask, bob.signal)];
    ann.abort(GONE);
    await expect(asked[0]).rejects.toBe(GONE);
    expect(one.isGivenUp()).toBe(false);

    bob.abort(GONE);
    await expect(asked[1]).rejects.toBe(GONE);
    expect(one.isGivenUp()).toBe(true);
  });

  it('answers who stays, and begins anew for who comes after all have gone', async () => {
    const [questions, one, next] = [new SharedQuestions<string>(), question(), question()];
    const [ann, bob] = [new AbortController(), new AbortController()];
    const stays = questions.ask('x', one.ask);
    const goes = questions.ask('x', one.ask, ann.signal);
    ann.abort(GONE);
    await expect(goes).rejects.toBe(GONE);
    one.answer('here');
    await expect(stays).resolves.toBe('here');

    const abandoned = questions.ask('x', question().ask, bob.signal);
    bob.abort(GONE);
    // In the same turn: what was given up is not waited for.
    const fresh = questions.ask('x', next.ask);
    next.answer('fresh');
    await expect(abandoned).rejects.toBe(GONE);
    await expect(fresh).resolves.toBe('fresh');
  });

  it('asks nothing for who has gone already', async () => {
    const [questions, one] = [new SharedQuestions<string>(), question()];

    await expect(questions.ask('x', one.ask, AbortSignal.abort(GONE))).rejects.toBe(GONE);
    expect(one.ask).not.toHaveBeenCalled();
  });
});
