import type { SshRequest } from '../streams/events/ssh-request.js';
import type { ChangeCounts, DecisionChange, ReplayedDecision, ReplayReport } from '../testing/replay/replay-report.js';
import { printable } from '../transport/printable.js';

/** What a replay comes to, as text to read: each change with what was decided then and now, then how many of each kind. Ends with a line feed. */
export function replayText({ decisions, changes, summary, ...rest }: ReplayReport): string {
  const counted = `${count(decisions, 'decision')} made again, ${
    changes.length === 0 ? 'none comes' : changes.length === 1 ? '1 comes' : `${String(changes.length)} come`
  } out otherwise\n`;
  const blocks = [counted, ...changes.map(changeText)];
  if (changes.length > 0) {
    blocks.push(
      `by policy  ${counts(summary.byPolicy)}\nby source  ${counts(summary.bySource)}\nby user    ${counts(summary.byUser)}\n`,
    );
  }
  const notes = [
    rest.unreached > 0 ? `${count(rest.unreached, 'request')} would not be made any more\n` : '',
    rest.unknownCredentials > 0
      ? `${count(rest.unknownCredentials, 'credential')} that nobody verified then counted as wrong\n`
      : '',
    rest.missing > 0 ? `${count(rest.missing, 'event')} missing in the recording\n` : '',
  ].join('');
  return [...blocks, ...(notes === '' ? [] : [notes])].join('\n');
}

/** What was asked, in a few words: never more of what a client sent than fits a line. */
export function whatWasAsked(request: SshRequest): string {
  switch (request.type) {
    case 'ConnectionRequest':
      return request.type;
    case 'SSHServiceRequest':
      return `${request.type} ${shown(request.service)}`;
    case 'SSHUserAuthRequest':
      return `${request.type} ${'stage' in request ? `${request.method} ${request.stage}` : request.method}`;
    case 'SSHChannelOpenRequest':
      return `${request.type} ${shown(request.channelType)}`;
    case 'SSHChannelRequest':
      return request.detail.type === 'exec'
        ? `${request.type} exec ${shown(request.detail.command)}`
        : `${request.type} ${shown(request.requestType)}`;
    case 'SSHGlobalRequest':
      return `${request.type} ${shown(request.requestType)}`;
    default:
      return request satisfies never;
  }
}

function changeText({ askedAt, connection, user, request, recorded, replayed }: DecisionChange): string {
  const who = user === undefined ? '' : `  ${shown(user)}`;
  const from = `${connection.remoteAddress}:${String(connection.remotePort)}`;
  return (
    `${askedAt.toISOString()}  ${from}${who}  ${whatWasAsked(request)}\n` +
    `  then  ${decisionText(recorded, 'not taken back')}\n` +
    `  now   ${decisionText(replayed, recorded?.outcome === 'revoked' ? 'not taken back' : 'not before the client goes')}\n`
  );
}

function decisionText(decision: ReplayedDecision | undefined, otherwise: string): string {
  if (decision === undefined) return otherwise;
  const { by, source, reason } = decision;
  const detail = reason === undefined ? '' : ` (${reason})`;
  const kind = kindOf(decision);
  return `${kind}${detail} by ${by} in ${source}`;
}

function kindOf({ outcome, provisional, partial }: ReplayedDecision): string {
  if (partial === true) return `${outcome}, as one step of several,`;
  return provisional === true ? `${outcome}, for now,` : outcome;
}

/** The most frequent ones; there may be as many as there are attackers. */
const MOST = 10;

function counts(changes: ChangeCounts): string {
  const all = Object.entries(changes).sort(([, one], [, other]) => other - one);
  const named = all.slice(0, MOST).map(([name, amount]) => `${shown(name)} ${String(amount)}`);
  return [...named, ...(all.length > MOST ? [`${String(all.length - MOST)} more`] : [])].join(', ') || 'none';
}

const count = (amount: number, thing: string): string => `${String(amount)} ${thing}${amount === 1 ? '' : 's'}`;

const LONGEST = 80;

/** What a client has sent must not write to the terminal of an operator. */
const shown = (text: string): string => printable(text, LONGEST);
