import { map, type Observable, withLatestFrom } from 'rxjs';
import { decline, DenyReason, grant, type Policy, type SSHUserAuthRequest } from 'rxsshd';

/** Lets `guest` in by the code of the day. Until there is one, nobody is a guest. */
export const guestCode =
  (code$: Observable<string>): Policy<SSHUserAuthRequest> =>
  (verdict$) =>
    verdict$.pipe(
      withLatestFrom(code$),
      map(([verdict, code]) => {
        const { request } = verdict;
        if (request.method !== 'password' || request.user !== 'guest') return verdict;
        return request.password.equals(code)
          ? grant(verdict, request, 'guestCode')
          : decline(verdict, 'guestCode', DenyReason.BadCredential);
      }),
    );
