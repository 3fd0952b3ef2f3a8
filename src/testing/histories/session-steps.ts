import { channelOpen } from '../channel-open.js';
import { channelRequest } from '../channel-request.js';
import { connectionRequest } from '../connection-request.js';
import { globalRequest } from '../global-request.js';
import { act } from '../simulation/client-action.js';
import type { HistoryOptions } from './history-options.js';
import { type HistoryStep, literal } from './history-step.js';

/** What begins a connection. */
export const CONNECT: HistoryStep = { letter: 'c', code: 'connectionRequest()', step: connectionRequest() };

/** What opens a session. */
export const OPEN_SESSION: HistoryStep = { letter: 's', code: 'channelOpen.session()', step: channelOpen.session() };

/** What ends a connection, in each way. */
export const ENDS: readonly HistoryStep[] = [
  { letter: '|', code: 'act.disconnect()', step: act.disconnect() },
  { letter: '#', code: 'act.reset()', step: act.reset() },
  { letter: 'h', code: 'act.hangUp()', step: act.hangUp() },
];

/** Opens a channel of any kind. */
export const OPENINGS: readonly HistoryStep[] = [
  OPEN_SESSION,
  {
    letter: 't',
    code: "channelOpen.directTcpip('db.example.com', 5432)",
    step: channelOpen.directTcpip('db.example.com', 5432),
  },
  {
    letter: 'u',
    code: "channelOpen.other('nonsense@example.com')",
    step: channelOpen.other('nonsense@example.com'),
  },
];

/** Asks something of the connection. */
export const GLOBAL_REQUESTS: readonly HistoryStep[] = [
  {
    letter: 'g',
    code: "globalRequest.tcpipForward('localhost', 8080)",
    step: globalRequest.tcpipForward('localhost', 8080),
  },
  {
    letter: 'G',
    code: "globalRequest.other('nonsense@example.com')",
    step: globalRequest.other('nonsense@example.com'),
  },
  {
    letter: 'N',
    code: "globalRequest.other('nonsense@example.com', Buffer.alloc(0), { wantReply: false })",
    step: globalRequest.other('nonsense@example.com', Buffer.alloc(0), { wantReply: false }),
  },
  { letter: 'K', code: 'act.rekey()', step: act.rekey() },
];

/** Whatever can be done on a channel that is open. */
export const channelSteps = ({ commands = ['true'] }: HistoryOptions): readonly HistoryStep[] => [
  ...commands.flatMap((command): HistoryStep[] => [
    { letter: 'x', code: `channelRequest.exec(${literal(command)})`, step: channelRequest.exec(command) },
    {
      letter: 'X',
      code: `channelRequest.exec(${literal(command)}, { wantReply: false })`,
      step: channelRequest.exec(command, { wantReply: false }),
    },
  ]),
  { letter: 'l', code: 'channelRequest.shell()', step: channelRequest.shell() },
  { letter: 'f', code: "channelRequest.subsystem('sftp')", step: channelRequest.subsystem('sftp') },
  { letter: 'e', code: "channelRequest.env('LANG', 'C')", step: channelRequest.env('LANG', 'C') },
  { letter: 'y', code: 'channelRequest.pty()', step: channelRequest.pty() },
  {
    letter: 'w',
    code: 'channelRequest.windowChange({ columns: 132 })',
    step: channelRequest.windowChange({ columns: 132 }),
  },
  { letter: 'q', code: "channelRequest.signal('INT')", step: channelRequest.signal('INT') },
  {
    letter: 'r',
    code: "channelRequest.other('nonsense@example.com')",
    step: channelRequest.other('nonsense@example.com'),
  },
  { letter: 'd', code: "act.data('data')", step: act.data('data') },
  { letter: 'E', code: 'act.eof()', step: act.eof() },
  { letter: 'z', code: 'act.close()', step: act.close() },
];
