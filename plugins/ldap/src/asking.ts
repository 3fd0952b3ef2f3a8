import { Observable } from 'rxjs';

/**
 * The answer of a directory as an Observable of one value. Cold; the question is given up when nobody listens any more.
 *
 * @param ask - Asks; `signal` is aborted when nobody waits for the answer.
 */
export const asking = <T>(ask: (signal: AbortSignal) => Promise<T>): Observable<T> =>
  new Observable((subscriber) => {
    const controller = new AbortController();
    ask(controller.signal).then(
      (answer) => {
        subscriber.next(answer);
        subscriber.complete();
      },
      (cause: unknown) => {
        subscriber.error(cause);
      },
    );
    return () => {
      controller.abort();
    };
  });
