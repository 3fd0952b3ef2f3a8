import { describe, expect, it } from 'vitest';

import { ChannelClose, ChannelEof } from '../../../src/protocol/messages/channel-close.js';
import { ChannelData, ChannelExtendedData, ChannelWindowAdjust } from '../../../src/protocol/messages/channel-data.js';
import { ChannelOpenDetail } from '../../../src/protocol/messages/channel-open-detail.js';
import { ChannelOpenFailureReason } from '../../../src/protocol/messages/channel-open-failure-reason.js';
import {
  ChannelOpen,
  ChannelOpenConfirmation,
  ChannelOpenFailure,
} from '../../../src/protocol/messages/channel-open.js';
import { ChannelRequestDetail } from '../../../src/protocol/messages/channel-request-detail.js';
import { ChannelFailure, ChannelRequest, ChannelSuccess } from '../../../src/protocol/messages/channel-request.js';
import { itObeysMessageLaws, itObeysTailLaws } from '../../support/message-laws.js';
import { wireBytes, type WirePart } from '../../support/wire-bytes.js';

itObeysMessageLaws(ChannelOpen);
itObeysMessageLaws(ChannelOpenConfirmation);
itObeysMessageLaws(ChannelOpenFailure);
itObeysMessageLaws(ChannelWindowAdjust);
itObeysMessageLaws(ChannelData);
itObeysMessageLaws(ChannelExtendedData);
itObeysMessageLaws(ChannelEof);
itObeysMessageLaws(ChannelClose);
itObeysMessageLaws(ChannelRequest);
itObeysMessageLaws(ChannelSuccess);
itObeysMessageLaws(ChannelFailure);

describe('ChannelOpenDetail', () => {
  itObeysTailLaws(ChannelOpenDetail);

  const detailOf = (channelType: string, ...tail: readonly WirePart[]): unknown => {
    const open = ChannelOpen.decode(wireBytes(90, channelType, [5], [0x200000], [0x8000], ...tail));
    expect(open).toMatchObject({
      channelType,
      senderChannel: 5,
      initialWindowSize: 0x200000,
      maximumPacketSize: 0x8000,
    });
    return open && ChannelOpenDetail.decode(open.channelType, open.data);
  };

  it('reads the channel types of RFC 4254', () => {
    const originator = { originatorAddress: '::1', originatorPort: 5555 };

    expect(detailOf('session')).toEqual({ type: 'session' });
    expect(detailOf('x11', '::1', [5555])).toEqual({ type: 'x11', ...originator });
    expect(detailOf('direct-tcpip', 'münchen.example', [80], '::1', [5555])).toEqual({
      ...{ type: 'direct-tcpip', hostToConnect: 'münchen.example', portToConnect: 80, ...originator },
    });
    expect(detailOf('forwarded-tcpip', '0.0.0.0', [80], '::1', [5555])).toEqual({
      ...{ type: 'forwarded-tcpip', connectedAddress: '0.0.0.0', connectedPort: 80, ...originator },
    });
  });

  it("reads OpenSSH's channel types", () => {
    expect(detailOf('direct-streamlocal@openssh.com', '/run/it', '', [0])).toEqual({
      ...{ type: 'direct-streamlocal@openssh.com', socketPath: '/run/it' },
      ...{ reserved: Buffer.alloc(0), reservedNumber: 0 },
    });
    expect(detailOf('forwarded-streamlocal@openssh.com', '/run/it', '')).toEqual({
      ...{ type: 'forwarded-streamlocal@openssh.com', socketPath: '/run/it', reserved: Buffer.alloc(0) },
    });
    expect(detailOf('auth-agent@openssh.com')).toEqual({ type: 'auth-agent@openssh.com' });
  });

  it('calls a target port beyond 65,535 malformed, but not an originator port', () => {
    expect(detailOf('direct-tcpip', 'host', [65_536], '::1', [1])).toMatchObject({ type: 'malformed' });
    expect(detailOf('direct-tcpip', 'host', [1], '::1', [0xffff_ffff])).toMatchObject({ originatorPort: 0xffff_ffff });
  });

  it('calls a session with a tail malformed', () => {
    expect(detailOf('session', 0)).toEqual({ type: 'malformed', name: 'session', data: Buffer.of(0) });
  });
});

describe('channel messages on the wire', () => {
  it('refuses an open without window and packet size', () => {
    expect(ChannelOpen.decode(wireBytes(90, 'session', [5]))).toBeUndefined();
  });

  it('puts the answers to an open as RFC 4254 section 5.1 lists them', () => {
    const confirmation = { recipientChannel: 5, senderChannel: 0, initialWindowSize: 2 ** 32 - 1 };
    const refusal = { recipientChannel: 5, reasonCode: ChannelOpenFailureReason.CONNECT_FAILED };

    expect(
      ChannelOpenConfirmation.encode({ ...confirmation, maximumPacketSize: 32_768, data: Buffer.alloc(0) }),
    ).toEqual(wireBytes(91, [5], [0], [2 ** 32 - 1], [32_768]));
    expect(ChannelOpenFailure.encode({ ...refusal, description: 'refused', languageTag: '' })).toEqual(
      wireBytes(92, [5], [2], 'refused', ''),
    );
  });

  it('puts the rest of RFC 4254 section 5 as listed', () => {
    expect(ChannelWindowAdjust.encode({ recipientChannel: 7, bytesToAdd: 9 })).toEqual(wireBytes(93, [7], [9]));
    expect(ChannelData.encode({ recipientChannel: 7, data: Buffer.from('out') })).toEqual(wireBytes(94, [7], 'out'));
    expect(ChannelExtendedData.encode({ recipientChannel: 7, dataTypeCode: 1, data: Buffer.from('err') })).toEqual(
      wireBytes(95, [7], [1], 'err'),
    );
    expect(ChannelEof.encode({ recipientChannel: 7 })).toEqual(wireBytes(96, [7]));
    expect(ChannelClose.encode({ recipientChannel: 7 })).toEqual(wireBytes(97, [7]));
    expect(ChannelSuccess.encode({ recipientChannel: 7 })).toEqual(wireBytes(99, [7]));
    expect(ChannelFailure.encode({ recipientChannel: 7 })).toEqual(wireBytes(100, [7]));
  });
});

describe('ChannelRequestDetail', () => {
  itObeysTailLaws(ChannelRequestDetail);

  const detailOf = (requestType: string, ...tail: readonly WirePart[]): unknown => {
    const request = ChannelRequest.decode(wireBytes(98, [7], requestType, 1, ...tail));
    expect(request).toMatchObject({ recipientChannel: 7, requestType, wantReply: true });
    return request && ChannelRequestDetail.decode(request.requestType, request.data);
  };

  it('reads what a client asks before it starts something', () => {
    const modes = Buffer.from('350000000100', 'hex');

    expect(detailOf('pty-req', 'xterm', [80], [24], [640], [480], [6], modes)).toEqual({
      ...{ type: 'pty-req', term: 'xterm', columns: 80, rows: 24, widthPixels: 640, heightPixels: 480 },
      encodedTerminalModes: modes,
    });
    expect(detailOf('x11-req', 0, 'MIT-MAGIC-COOKIE-1', 'c0ffee', [2])).toEqual({
      ...{ type: 'x11-req', singleConnection: false, authenticationProtocol: 'MIT-MAGIC-COOKIE-1' },
      ...{ authenticationCookie: 'c0ffee', screenNumber: 2 },
    });
    expect(detailOf('env', 'LANG', 'de_DE.UTF-8')).toEqual({
      ...{ type: 'env', variableName: 'LANG', variableValue: 'de_DE.UTF-8' },
    });
    expect(detailOf('auth-agent-req@openssh.com')).toEqual({ type: 'auth-agent-req@openssh.com' });
  });

  it('reads what starts something', () => {
    expect(detailOf('shell')).toEqual({ type: 'shell' });
    expect(detailOf('exec', 'echo ä')).toEqual({ type: 'exec', command: 'echo ä' });
    expect(detailOf('exec', [6], Buffer.from('echo \xe4', 'latin1'))).toEqual({ type: 'exec', command: 'echo \udce4' });
    expect(detailOf('subsystem', 'sftp')).toEqual({ type: 'subsystem', subsystemName: 'sftp' });
  });

  it('reads what comes while it runs', () => {
    expect(detailOf('window-change', [100], [50], [0], [0])).toEqual({
      ...{ type: 'window-change', columns: 100, rows: 50, widthPixels: 0, heightPixels: 0 },
    });
    expect(detailOf('signal', 'INT')).toEqual({ type: 'signal', signalName: 'INT' });
    expect(detailOf('break', [500])).toEqual({ type: 'break', breakLength: 500 });
    expect(detailOf('eow@openssh.com')).toEqual({ type: 'eow@openssh.com' });
    expect(detailOf('keepalive@openssh.com')).toEqual({ type: 'keepalive@openssh.com' });
  });

  it('writes how it ended', () => {
    const crash = { signalName: 'SEGV', coreDumped: true, errorMessage: 'oops', languageTag: 'en' };

    expect(ChannelRequestDetail.encode({ type: 'exit-status', exitStatus: 255 })).toEqual(wireBytes([255]));
    expect(ChannelRequestDetail.encode({ type: 'exit-signal', ...crash })).toEqual(wireBytes('SEGV', 1, 'oops', 'en'));
    expect(ChannelRequestDetail.encode({ type: 'xon-xoff', clientCanDo: true })).toEqual(Buffer.of(1));
  });

  it('tells a malformed request from an unknown one', () => {
    const data = wireBytes([80], [24]);

    expect(detailOf('window-change', data)).toEqual({ type: 'malformed', name: 'window-change', data });
    expect(detailOf('winadj@putty.projects.tartarus.org')).toEqual({
      ...{ type: 'other', name: 'winadj@putty.projects.tartarus.org', data: Buffer.alloc(0) },
    });
  });
});
