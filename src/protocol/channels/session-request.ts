import type { ChannelRequestDetail } from '../messages/channel-request-detail.js';
import type { SessionState } from '../session-state.js';
import { decodeTerminalModes } from '../terminal-modes.js';

/**
 * Does what a granted session request asks for (RFC 4254 section 6).
 *
 * @returns false if the session is in no state for it, such as a second command on one channel, or it cannot be read
 */
export function applySessionRequest(session: SessionState, detail: ChannelRequestDetail): boolean {
  switch (detail.type) {
    case 'env':
      return session.setVariable(detail.variableName, detail.variableValue);
    case 'pty-req':
      return session.openTerminal({
        type: detail.term,
        columns: detail.columns,
        rows: detail.rows,
        widthPixels: detail.widthPixels,
        heightPixels: detail.heightPixels,
        modes: decodeTerminalModes(detail.encodedTerminalModes),
      });
    case 'window-change':
      return session.resize(detail);
    case 'signal':
      return session.signal(detail.signalName);
    case 'shell':
      return session.start('shell');
    case 'exec':
      return session.start({ exec: detail.command });
    case 'subsystem':
      return session.start({ subsystem: detail.subsystemName });
    case 'malformed':
      // Whatever a policy made of its name: there is nothing in it to be done.
      return false;
    default:
      return true;
  }
}

/** Whether the request starts the program of a session: only one of them can succeed (RFC 4254 section 6.5). */
export const startsProgram = (requestType: string): boolean =>
  requestType === 'shell' || requestType === 'exec' || requestType === 'subsystem';
