import { firstValueFrom, isObservable } from 'rxjs';
import type { Answer } from 'rxsshd';

/** What somebody answers, at once or later; undefined if an Observable completes without a value. */
export const told = async <T>(answer: Answer<T>): Promise<T | undefined> =>
  isObservable(answer) ? firstValueFrom(answer, { defaultValue: undefined }) : answer;
