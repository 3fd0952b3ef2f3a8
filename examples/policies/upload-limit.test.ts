import { deepEqual } from 'node:assert/strict';

import { isObservable, mergeMap, of } from 'rxjs';
import { consider, type LeaseSignal } from 'rxsshd';
import { channelRequest, held } from 'rxsshd/testing';
import { it } from 'vitest';

import { uploadLimit } from './upload-limit.js';

it('ends the channel with the byte that is one too many', () => {
  const channel = held();
  const signals: LeaseSignal[] = [];

  of(consider(channelRequest.exec('cat')))
    .pipe(
      uploadLimit(1000),
      mergeMap((verdict) => (verdict.state === 'denied' ? [] : verdict.leases)),
      mergeMap((lease) => (isObservable(lease) ? lease : lease(channel))),
    )
    .subscribe((signal) => signals.push(signal));

  channel.receive(1000);
  channel.send(5000);
  deepEqual(signals, []);

  channel.receive(1);
  deepEqual(signals, [{ type: 'revoke', reason: 'more than 1000 bytes were sent', graceMs: 1000 }]);
});
