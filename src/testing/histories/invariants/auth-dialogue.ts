import { parsePublicKey } from '../../../protocol/authentication/public-key.js';
import { UserauthInfoResponse } from '../../../protocol/messages/userauth-info.js';
import { UserauthRequest } from '../../../protocol/messages/userauth-request.js';
import { UserauthFailure } from '../../../protocol/messages/userauth-result.js';
import type { Decided } from '../../../streams/events/decided.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import { SSH_MSG } from '../../../transport/messages/message-number.js';
import { isProof } from '../../simulation/auth-payload.js';
import type { Credential } from '../credential.js';
import type { ConnectionTrace, TraceEntry } from '../history-trace.js';

/** An attempt to sign in: a request of RFC 4252, or the answers of RFC 4256. */
interface Attempt {
  /** What it shows; undefined if that is nothing. */
  readonly credential: Credential | undefined;
  /** Whether it only asks what would do, and is no guess. */
  readonly isQuery: boolean;
  readonly method: string;
  readonly user: string;
  /** What policies are asked; undefined until they are. */
  request: SshRequest | undefined;
  decided: Decided['outcome'] | undefined;
}

/** As it arrives. */
const UNASKED = { request: undefined, decided: undefined } as const;

/** An attempt, and the number of the message that answered it. */
export interface AuthExchange {
  readonly attempt: Readonly<Attempt>;
  readonly reply: number;
  /** Whether it was right and more is wanted (RFC 4252 section 5.1). */
  readonly partial: boolean;
}

/** Who is asked what, read from the messages alone: each attempt with its answer, and answers that fit none. */
export class AuthDialogue {
  readonly exchanges: AuthExchange[] = [];
  /** What was wrong with the answers, one line each. */
  readonly faults: string[] = [];
  #waiting: Attempt[] = [];
  /** Whose answers are wanted. */
  #questioned = '';
  #authenticated = false;

  constructor({ name, entries }: ConnectionTrace) {
    let ended = false;
    for (const entry of entries) {
      const fault = ended ? undefined : this.#read(entry);
      if (fault !== undefined) this.faults.push(`${name}: ${fault}`);
      ended ||= entry.kind === 'event' && entry.event.type === 'Disconnected';
    }
  }

  #read(entry: TraceEntry): string | undefined {
    switch (entry.kind) {
      case 'payload': {
        const payload = Buffer.from(entry.payload);
        if (entry.to === 'client') return this.#onReply(payload);
        this.#onAttempt(payload);
        return undefined;
      }
      case 'event':
        if (entry.event.type === 'Decided') this.#onDecided(entry.event);
        else if (entry.event.type === 'SSHUserAuthRequest') this.#onAsked(entry.event);
        return undefined;
      case 'quiet':
        return this.#waiting.length === 0 ? undefined : `${describe(this.#waiting[0])} was never answered`;
      case 'denial':
        return undefined;
      default:
        return entry satisfies never;
    }
  }

  #onAttempt(payload: Buffer): void {
    // RFC 4252 section 5.1: behind success they are ignored.
    if (this.#authenticated) return;
    if (payload[0] === SSH_MSG.USERAUTH_REQUEST) {
      const request = UserauthRequest.decode(payload);
      if (request !== undefined) this.#waiting.push(attemptOf(request));
    } else if (payload[0] === SSH_MSG.USERAUTH_INFO_RESPONSE) {
      const answers = UserauthInfoResponse.decode(payload)?.responses;
      if (answers === undefined) return;
      const method = 'keyboard-interactive';
      const user = this.#questioned;
      this.#waiting.push({ credential: { method, user, answers }, isQuery: false, method, user, ...UNASKED });
    }
  }

  #onAsked(request: SshRequest): void {
    const oldest = this.#waiting.find((it) => it.request === undefined);
    if (oldest !== undefined) oldest.request = request;
  }

  #onDecided(event: Decided): void {
    const { outcome } = event;
    if (outcome === 'revoked') return;
    const index = this.#waiting.findIndex(({ request }) => request === event.request);
    const attempt = this.#waiting[index];
    if (attempt === undefined) return;
    attempt.decided = outcome;
    // RFC 4252 section 5: what wants further messages is aborted by a request sent ahead, without an answer.
    const isMet = outcome === 'granted' && event.provisional === true && event.partial !== true;
    const asks = isMet && attempt.method === 'keyboard-interactive';
    if (asks && index < this.#waiting.length - 1) this.#waiting.splice(index, 1);
  }

  #onReply(payload: Buffer): string | undefined {
    const reply = payload[0] ?? 0;
    const name = REPLIES.get(reply);
    if (name === undefined) return undefined;
    if (this.#authenticated) return `${name} behind the success`;
    const attempt = this.#waiting.shift();
    if (attempt === undefined) return `${name}, and nothing was asked`;
    const partial = reply === SSH_MSG.USERAUTH_FAILURE && UserauthFailure.decode(payload)?.partialSuccess === true;
    this.exchanges.push({ attempt, reply, partial });
    if (reply === SSH_MSG.USERAUTH_INFO_REQUEST && attempt.method === 'keyboard-interactive') {
      this.#questioned = attempt.user;
    }
    if (reply === SSH_MSG.USERAUTH_SUCCESS) {
      this.#authenticated = true;
      this.#waiting = [];
    }
    const fits = (reply === SSH_MSG.USERAUTH_FAILURE && !partial) || attempt.decided === 'granted';
    return fits ? undefined : `${partial ? 'a partial success' : name} for ${describe(attempt)}, which was not granted`;
  }
}

const REPLIES: ReadonlyMap<number, string> = new Map([
  [SSH_MSG.USERAUTH_SUCCESS, 'SSH_MSG_USERAUTH_SUCCESS'],
  [SSH_MSG.USERAUTH_FAILURE, 'SSH_MSG_USERAUTH_FAILURE'],
  // This, SSH_MSG_USERAUTH_PK_OK and SSH_MSG_USERAUTH_PASSWD_CHANGEREQ.
  [SSH_MSG.USERAUTH_INFO_REQUEST, 'SSH_MSG_USERAUTH_INFO_REQUEST'],
]);

const describe = (attempt: Attempt | undefined): string =>
  attempt === undefined ? 'nothing' : `${attempt.method} of ${JSON.stringify(attempt.user)}`;

function attemptOf({ userName: user, method }: UserauthRequest): Attempt {
  const attempt = { user, method: method.type, isQuery: false, ...UNASKED };
  switch (method.type) {
    case 'none':
      return { ...attempt, credential: { method: 'none', user }, isQuery: true };
    case 'password': {
      const change = method.change ? { newPassword: method.newPassword } : {};
      return { ...attempt, credential: { method: 'password', user, password: method.password, ...change } };
    }
    case 'publickey': {
      const publicKey = parsePublicKey(method.publicKey);
      if (!method.signed || publicKey === undefined) {
        // Nobody is harmed who asks about a key that the server cannot read.
        return { ...attempt, credential: undefined, isQuery: !method.signed };
      }
      const { publicKeyAlgorithm: algorithm, publicKey: blob, signature } = method;
      const signed = { sessionId: NO_SESSION, user, service: 'ssh-connection', algorithm, blob, signature, publicKey };
      return { ...attempt, credential: isProof(signed) ? { method: 'publickey', user, key: publicKey } : undefined };
    }
    case 'hostbased': {
      const { publicKeyAlgorithm: algorithm, publicKey: blob, signature, clientHostName, clientUserName } = method;
      const publicKey = parsePublicKey(blob);
      if (publicKey === undefined) return { ...attempt, credential: undefined };
      const host = { clientHostName, clientUserName };
      const signed = {
        sessionId: NO_SESSION,
        user,
        service: 'ssh-connection',
        algorithm,
        blob,
        signature,
        publicKey,
        host,
      };
      if (!isProof(signed)) return { ...attempt, credential: undefined };
      return { ...attempt, credential: { method: 'hostbased', user, key: publicKey, ...host } };
    }
    case 'keyboard-interactive':
    case 'other':
    case 'malformed':
      return { ...attempt, credential: undefined };
    default:
      return method satisfies never;
  }
}

/** Signatures of simulated clients are about no session. */
const NO_SESSION = Buffer.alloc(0);
