import { map, type Observable, withLatestFrom } from 'rxjs';
import { deny, DenyReason, type Policy, type SSHChannelRequest } from 'rxsshd';

/** Denies deployments while `frozen$` says so, and everything until it has said anything: silence is no permission. */
export const freeze =
  (frozen$: Observable<boolean>): Policy<SSHChannelRequest> =>
  (verdict$) =>
    verdict$.pipe(
      withLatestFrom(frozen$),
      map(([verdict, frozen]) => {
        const { detail } = verdict.request;
        const deploys = detail.type === 'exec' && detail.command.startsWith('deploy');
        return frozen && deploys ? deny(verdict, 'freeze', DenyReason.NotPermitted) : verdict;
      }),
    );
