import { messageOf, SshServerError } from '../errors.js';
import { bannerText } from './banner-text.js';
import type { SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
import { madeText } from './made-text.js';

/**
 * What users are shown before they sign in, such as a legal notice: asked for at each authentication request until there is a text
 * with something in it to show, so that it may depend on the user. What the client says of the user is not proven yet; about a
 * name that nobody can have it is not asked.
 */
export type BannerOf = (request: SSHUserAuthRequest) => string | undefined;

/** The banner of one connection (RFC 4252 section 5.4): sent once, ahead of the answer to the request that it is for. */
export class UserAuthBanner {
  readonly #textOf: BannerOf;
  readonly #onFailure: (error: SshServerError) => void;
  #isDone = false;

  /** @param onFailure - told once if there can be no banner; whoever signs in is not to blame for that */
  constructor(textOf: BannerOf, onFailure: (error: SshServerError) => void) {
    this.#textOf = textOf;
    this.#onFailure = onFailure;
  }

  /** What to send ahead of the answer to `request`; undefined if there is nothing, or was something before. */
  for(request: SSHUserAuthRequest): string | undefined {
    if (this.#isDone) return undefined;
    try {
      const shown = bannerText(madeText(this.#textOf(request)) ?? '');
      this.#isDone = shown !== undefined;
      return shown;
    } catch (cause) {
      this.#isDone = true;
      this.#onFailure(
        new SshServerError('ERR_SSH_HANDLER_FAILED', `no banner could be sent: ${messageOf(cause)}`, { cause }),
      );
      return undefined;
    }
  }
}
