import { SSH_MSG } from '../../transport/messages/message-number.js';
import type { ConnectionAuthority } from '../connection-authority.js';
import type { ProtocolLimits } from '../limits.js';
import type { Link } from '../link.js';
import { UserauthInfoRequest, UserauthInfoResponse } from '../messages/userauth-info.js';
import type { UserauthMethod } from '../messages/userauth-method.js';
import { UserauthPkOk } from '../messages/userauth-pk-ok.js';
import { UserauthRequest } from '../messages/userauth-request.js';
import { UserauthFailure, UserauthSuccess } from '../messages/userauth-result.js';
import type { AuthAttempt, AuthChallenge, AuthOutcome } from './auth-attempt.js';
import type { VerifySignature } from './signature.js';
import { signatureAlgorithmFor } from './signature-algorithms.js';
import { parseUserKey, type UserKey } from './user-key.js';

/** Clients may send ahead, but never need to send many. */
const MAX_QUEUED_REQUESTS = 8;
const MAX_PROMPTS = 16;
const MAX_USER_NAME_LENGTH = 1024;

/** A challenge under way: the answers belong to it. */
interface Interaction {
  readonly request: UserauthRequest;
  readonly prompts: number;
  readonly round: number;
}

/**
 * The server's side of RFC 4252 and RFC 4256.
 *
 * One request at a time, in the order of arrival; each ends in success, failure, a challenge or, for an offered key, the
 * word that it would do. Signatures are verified here, against the session, so that nobody above can forget to.
 */
export class UserAuthentication {
  readonly #link: Link;
  readonly #limits: ProtocolLimits;
  readonly #authority: ConnectionAuthority;
  readonly #verifySignature: VerifySignature;
  readonly #queue: UserauthRequest[] = [];
  #interaction: Interaction | undefined;
  #lastKey: UserKey | undefined;
  #deciding = false;
  #requests = 0;
  /** Answers to questions, which are no requests but let a client guess as well. */
  #rounds = 0;
  #failures = 0;
  #authenticated = false;
  #closed = false;

  constructor(link: Link, limits: ProtocolLimits, authority: ConnectionAuthority, verifySignature: VerifySignature) {
    this.#link = link;
    this.#limits = limits;
    this.#authority = authority;
    this.#verifySignature = verifySignature;
  }

  /** Whether a user has got in. */
  get authenticated(): boolean {
    return this.#authenticated;
  }

  /** @returns false if the message number means nothing here */
  onMessage(payload: Buffer): boolean {
    switch (payload[0]) {
      case SSH_MSG.USERAUTH_REQUEST:
        this.#onRequest(payload);
        return true;
      case SSH_MSG.USERAUTH_INFO_RESPONSE:
        this.#onInfoResponse(payload);
        return true;
      default:
        return false;
    }
  }

  /** The connection has ended: what was sent ahead is not looked at any more. */
  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#interaction = undefined;
  }

  #onRequest(payload: Buffer): void {
    // RFC 4252 section 5.1: requests after success are ignored.
    if (this.#authenticated) return;
    const request = UserauthRequest.decode(payload);
    if (request === undefined) {
      this.#link.violation('PROTOCOL_ERROR', 'malformed authentication request');
      return;
    }
    if (request.userName.length > MAX_USER_NAME_LENGTH) {
      this.#link.violation('ILLEGAL_USER_NAME', 'the user name is too long');
      return;
    }
    // RFC 4256 section 3.1: a new request abandons the questions still open.
    this.#interaction = undefined;
    this.#queue.push(request);
    if (this.#queue.length > MAX_QUEUED_REQUESTS) {
      this.#link.violation('PROTOCOL_ERROR', 'too many authentication requests at once');
      return;
    }
    this.#next();
  }

  #onInfoResponse(payload: Buffer): void {
    if (this.#authenticated) return;
    const interaction = this.#interaction;
    const response = UserauthInfoResponse.decode(payload);
    if (response === undefined || interaction === undefined) {
      this.#link.violation('PROTOCOL_ERROR', 'an answer to questions that were not asked');
      return;
    }
    this.#interaction = undefined;
    this.#rounds += 1;
    if (this.#isTooMany()) return;
    const { userName: user, serviceName: service } = interaction.request;
    const attempt = {
      user,
      service,
      ordinal: this.#requests,
      method: 'keyboard-interactive',
      stage: 'answered',
      round: interaction.round,
      answers: response.responses,
    } as const;
    // RFC 4256 section 3.4: one answer for each question, or it has failed.
    if (response.responses.length !== interaction.prompts) this.#refuse(attempt);
    else this.#decide(interaction.request, attempt, interaction.round);
  }

  /** Disconnects whoever has asked too often. */
  #isTooMany(): boolean {
    if (this.#requests + this.#rounds <= this.#limits.maxAuthRequests) return false;
    this.#link.disconnect('NO_MORE_AUTH_METHODS_AVAILABLE', 'too many authentication requests');
    return true;
  }

  #next(): void {
    if (this.#deciding || this.#authenticated) return;
    const request = this.#queue.shift();
    if (request === undefined) return;
    this.#requests += 1;
    if (this.#isTooMany()) return;
    if (request.serviceName !== 'ssh-connection') {
      // RFC 4252 section 5: the server must reject, and may disconnect for, a service that is not available.
      this.#link.disconnect('SERVICE_NOT_AVAILABLE', 'the only service is ssh-connection');
      return;
    }
    this.#decide(request, this.#attempt(request), 0);
  }

  #attempt(request: UserauthRequest): AuthAttempt {
    const { userName: user, serviceName: service, method } = request;
    return { user, service, ordinal: this.#requests, ...this.#credential(user, service, method) };
  }

  #credential(user: string, service: string, method: UserauthMethod) {
    switch (method.type) {
      case 'none':
        return { method: 'none' } as const;
      case 'password':
        return {
          method: 'password',
          password: method.password,
          ...(method.change ? { newPassword: method.newPassword } : {}),
        } as const;
      case 'publickey': {
        const { publicKeyAlgorithm: algorithm, publicKey: blob } = method;
        const key = this.#parseKey(blob);
        // An offer that could never be proven is no offer: the client would sign in vain.
        if (key === undefined || !this.#accepts(algorithm, key)) {
          return { method: 'other', name: 'publickey' } as const;
        }
        if (!method.signed) return { method: 'publickey', stage: 'offered', algorithm, key } as const;
        const check = this.#verifySignature({
          sessionId: this.#link.sessionId,
          user,
          service,
          algorithm,
          blob,
          signature: method.signature,
          publicKey: key,
        });
        if (check === false) return { method: 'publickey', stage: 'refuted', algorithm, key } as const;
        const use = check === true ? {} : { securityKey: check };
        return { method: 'publickey', stage: 'proven', algorithm, key, ...use } as const;
      }
      case 'keyboard-interactive':
        return {
          method: 'keyboard-interactive',
          stage: 'started',
          submethods: method.submethods.split(',').filter((name) => name !== ''),
        } as const;
      case 'hostbased':
        return { method: 'other', name: 'hostbased' } as const;
      case 'other':
      case 'malformed':
        return { method: 'other', name: method.name } as const;
      default:
        return method satisfies never;
    }
  }

  /** Whether a key may sign this way, which the name of a certificate's algorithm does not tell by itself. */
  #accepts(algorithm: string, key: UserKey): boolean {
    const row = signatureAlgorithmFor(algorithm, key);
    return row !== undefined && this.#authority.publicKeySignatures?.includes(row.name) !== false;
  }

  /** A client offers a key and then signs with it: the second time the key is known, by every byte of it. */
  #parseKey(blob: Buffer): UserKey | undefined {
    if (this.#lastKey?.blob.equals(blob) !== true) this.#lastKey = parseUserKey(blob);
    return this.#lastKey;
  }

  #decide(request: UserauthRequest, attempt: AuthAttempt, round: number): void {
    this.#deciding = true;
    this.#authority.decideAuth(attempt, (outcome) => {
      if (this.#closed) return;
      this.#deciding = false;
      this.#answer(request, attempt, outcome, round);
      this.#next();
    });
  }

  #answer(request: UserauthRequest, attempt: AuthAttempt, outcome: AuthOutcome, round: number): void {
    switch (outcome.type) {
      case 'failure':
        this.#refuse(attempt);
        return;
      case 'success':
        // Proof is checked above as well; this is the last place where a mistake could let somebody in.
        if (provesNothing(attempt)) this.#refuse(attempt);
        else this.#succeed();
        return;
      case 'offer-accepted':
        if (attempt.method === 'publickey' && attempt.stage === 'offered') {
          this.#link.send(UserauthPkOk.encode({ publicKeyAlgorithm: attempt.algorithm, publicKey: attempt.key.blob }));
        } else this.#refuse(attempt);
        return;
      case 'challenge':
        if (attempt.method === 'keyboard-interactive') this.#ask(request, outcome.challenge, round + 1);
        else this.#refuse(attempt);
        return;
      default:
        outcome satisfies never;
    }
  }

  #ask(request: UserauthRequest, challenge: AuthChallenge, round: number): void {
    const prompts = challenge.prompts.slice(0, MAX_PROMPTS);
    // A request sent ahead has abandoned this one already.
    if (this.#queue.length > 0) return;
    this.#interaction = { request, prompts: prompts.length, round };
    this.#link.send(
      UserauthInfoRequest.encode({
        name: challenge.name ?? '',
        instruction: challenge.instruction ?? '',
        languageTag: '',
        prompts: prompts.map((it) => ({ prompt: it.text, echo: it.echo ?? false })),
      }),
    );
  }

  #refuse(attempt: AuthAttempt): void {
    // A probe is not a guess: clients with many keys would otherwise lock themselves out.
    const isQuery = attempt.method === 'none' || (attempt.method === 'publickey' && attempt.stage === 'offered');
    if (!isQuery) this.#failures += 1;
    if (this.#failures >= this.#limits.maxAuthFailures) {
      this.#link.disconnect('NO_MORE_AUTH_METHODS_AVAILABLE', 'too many authentication failures');
      return;
    }
    this.#link.send(
      UserauthFailure.encode({
        authenticationsThatCanContinue: [...this.#authority.authMethods],
        partialSuccess: false,
      }),
    );
  }

  #succeed(): void {
    this.#authenticated = true;
    this.#lastKey = undefined;
    this.#queue.length = 0;
    this.#link.send(UserauthSuccess.encode({}));
    // In a key exchange that the peer does not finish, one answer too many ends the connection.
    if (!this.#closed) this.#authority.onAuthenticated();
  }
}

function provesNothing(attempt: AuthAttempt): boolean {
  if (attempt.method === 'other') return true;
  if (attempt.method === 'publickey') return attempt.stage !== 'proven';
  return attempt.method === 'keyboard-interactive' && attempt.stage === 'started';
}
