import { describe, expect, it } from 'vitest';

import { GlobalReplyDetail } from '../../../src/protocol/messages/global-reply-detail.js';
import { GlobalRequestDetail } from '../../../src/protocol/messages/global-request-detail.js';
import { GlobalRequest, RequestFailure, RequestSuccess } from '../../../src/protocol/messages/global-request.js';
import { itObeysMessageLaws, itObeysTailLaws } from '../../support/message-laws.js';
import { wireBytes } from '../../support/wire-bytes.js';

itObeysMessageLaws(GlobalRequest);
itObeysMessageLaws(RequestSuccess);
itObeysMessageLaws(RequestFailure);

describe('GlobalRequestDetail', () => {
  itObeysTailLaws(GlobalRequestDetail);

  const detailOf = (payload: Buffer): unknown => {
    const request = GlobalRequest.decode(payload);
    return request && GlobalRequestDetail.decode(request.requestName, request.data);
  };

  it('reads forwarding as RFC 4254 section 7.1 lists it', () => {
    const bind = { addressToBind: '::', portToBind: 8080 };

    expect(detailOf(wireBytes(80, 'tcpip-forward', 1, '::', [8080]))).toEqual({ type: 'tcpip-forward', ...bind });
    expect(detailOf(wireBytes(80, 'cancel-tcpip-forward', 1, '::', [8080]))).toEqual({
      type: 'cancel-tcpip-forward',
      ...bind,
    });
  });

  it('takes port 65,535 and calls 65,536 malformed', () => {
    expect(detailOf(wireBytes(80, 'tcpip-forward', 1, '', [65_535]))).toMatchObject({ portToBind: 65_535 });
    expect(detailOf(wireBytes(80, 'tcpip-forward', 1, '', [65_536]))).toMatchObject({ type: 'malformed' });
  });

  it("reads OpenSSH's requests", () => {
    expect(detailOf(wireBytes(80, 'streamlocal-forward@openssh.com', 1, '/run/it'))).toEqual({
      ...{ type: 'streamlocal-forward@openssh.com', socketPath: '/run/it' },
    });
    expect(detailOf(wireBytes(80, 'hostkeys-prove-00@openssh.com', 1, 'k1', 'k2'))).toEqual({
      ...{ type: 'hostkeys-prove-00@openssh.com', hostKeys: [Buffer.from('k1'), Buffer.from('k2')] },
    });
    expect(detailOf(wireBytes(80, 'keepalive@openssh.com', 1))).toEqual({ type: 'keepalive@openssh.com' });
    expect(detailOf(wireBytes(80, 'no-more-sessions@openssh.com', 0))).toEqual({
      type: 'no-more-sessions@openssh.com',
    });
  });
});

describe('GlobalReplyDetail', () => {
  itObeysTailLaws(GlobalReplyDetail);

  it('puts the port that the server chose as RFC 4254 section 7.1 lists it', () => {
    const data = GlobalReplyDetail.encode({ type: 'tcpip-forward', boundPort: 40_000 });

    expect(RequestSuccess.encode({ data })).toEqual(wireBytes(81, [40_000]));
  });
});
