import { SSH_MSG } from '../../transport/messages/message-number.js';
import type { ConnectionAuthority } from '../connection-authority.js';
import type { ProtocolLimits } from '../limits.js';
import type { Link } from '../link.js';
import { UserauthInfoRequest, UserauthInfoResponse } from '../messages/userauth-info.js';
import { UserauthPasswdChangereq } from '../messages/userauth-passwd-changereq.js';
import { UserauthPkOk } from '../messages/userauth-pk-ok.js';
import { UserauthRequest } from '../messages/userauth-request.js';
import { UserauthFailure, UserauthSuccess } from '../messages/userauth-result.js';
import type { AuthAttempt, AuthOutcome } from './auth-attempt.js';
import { CredentialReader } from './credential-reader.js';
import { isQuery } from './is-query.js';
import type { VerifySignature } from './signature.js';

/** Clients may send ahead, but never need to send many. */
const MAX_QUEUED_REQUESTS = 8;
const MAX_PROMPTS = 16;
const MAX_USER_NAME_LENGTH = 1024;

/** A challenge under way: the answers belong to it. */
interface Interaction {
  readonly request: UserauthRequest;
  readonly prompts: number;
  readonly round: number;
  /** The methods to name should the answers be none. */
  readonly methods: readonly string[] | undefined;
}

/**
 * The server's side of RFC 4252 and RFC 4256.
 *
 * One request at a time, in the order of arrival; each ends in success, failure, a challenge, the wish for a new password or,
 * for an offered key, the word that it would do. Signatures are verified here, against the session, so that nobody above can
 * forget to.
 */
export class UserAuthentication {
  readonly #link: Link;
  readonly #limits: ProtocolLimits;
  readonly #authority: ConnectionAuthority;
  readonly #credentials: CredentialReader;
  readonly #queue: UserauthRequest[] = [];
  #interaction: Interaction | undefined;
  /** Who was asked for a new password by the last answer. */
  #changeWantedOf: string | undefined;
  #changesWanted = 0;
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
    this.#credentials = new CredentialReader(link, authority, verifySignature);
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
    if (response.responses.length !== interaction.prompts) this.#refuse(attempt, interaction.methods);
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
    // RFC 4252 section 8: a new password answers the server's wish for one. Any other request abandons that.
    const mayChange = this.#changeWantedOf === user;
    this.#changeWantedOf = undefined;
    return { user, service, ordinal: this.#requests, ...this.#credentials.read({ user, service }, method, mayChange) };
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
        this.#refuse(attempt, outcome.methods);
        return;
      case 'success':
        // Proof is checked above as well; this is the last place where a mistake could let somebody in.
        if (provesNothing(attempt)) this.#refuse(attempt);
        else this.#succeed();
        return;
      case 'partial':
        if (provesNothing(attempt)) this.#refuse(attempt, outcome.methods);
        else this.#fail(outcome.methods, true);
        return;
      case 'offer-accepted':
        if (attempt.method === 'publickey' && attempt.stage === 'offered') {
          this.#link.send(UserauthPkOk.encode({ publicKeyAlgorithm: attempt.algorithm, publicKey: attempt.key.blob }));
        } else this.#refuse(attempt);
        return;
      case 'challenge':
        if (attempt.method === 'keyboard-interactive') this.#ask(request, outcome, round + 1);
        else this.#refuse(attempt);
        return;
      case 'password-change':
        if (attempt.method === 'password' && this.#mayWantChange()) this.#wantChange(attempt.user, outcome.prompt);
        else this.#refuse(attempt, outcome.methods);
        return;
      default:
        outcome satisfies never;
    }
  }

  #ask(
    request: UserauthRequest,
    { challenge, methods }: Extract<AuthOutcome, { readonly type: 'challenge' }>,
    round: number,
  ): void {
    const prompts = challenge.prompts.slice(0, MAX_PROMPTS);
    // A request sent ahead has abandoned this one already.
    if (this.#queue.length > 0) return;
    this.#interaction = { request, prompts: prompts.length, round, methods };
    this.#link.send(
      UserauthInfoRequest.encode({
        name: challenge.name ?? '',
        instruction: challenge.instruction ?? '',
        languageTag: '',
        prompts: prompts.map((it) => ({ prompt: it.text, echo: it.echo ?? false })),
      }),
    );
  }

  /** As often as somebody may fail: what is no failure needs a bound of its own. */
  #mayWantChange(): boolean {
    return this.#changesWanted < this.#limits.maxAuthFailures;
  }

  #wantChange(user: string, prompt: string): void {
    this.#changesWanted += 1;
    this.#changeWantedOf = user;
    this.#link.send(UserauthPasswdChangereq.encode({ prompt, languageTag: '' }));
  }

  /** @param methods - those that may continue; all that the server offers if undefined */
  #refuse(attempt: AuthAttempt, methods: readonly string[] = this.#authority.authMethods): void {
    if (!isQuery(attempt)) this.#failures += 1;
    if (this.#failures >= this.#limits.maxAuthFailures) {
      this.#link.disconnect('NO_MORE_AUTH_METHODS_AVAILABLE', 'too many authentication failures');
      return;
    }
    this.#fail(methods, false);
  }

  /** The one message for a failure and for a step that others have to follow. */
  #fail(methods: readonly string[], partialSuccess: boolean): void {
    this.#link.send(UserauthFailure.encode({ authenticationsThatCanContinue: [...methods], partialSuccess }));
  }

  #succeed(): void {
    this.#authenticated = true;
    this.#credentials.forget();
    this.#queue.length = 0;
    this.#link.send(UserauthSuccess.encode({}));
    // In a key exchange that the peer does not finish, one answer too many ends the connection.
    if (!this.#closed) this.#authority.onAuthenticated();
  }
}

function provesNothing(attempt: AuthAttempt): boolean {
  if (attempt.method === 'other') return true;
  if (attempt.method === 'publickey' || attempt.method === 'hostbased') return attempt.stage !== 'proven';
  return attempt.method === 'keyboard-interactive' && attempt.stage === 'started';
}
