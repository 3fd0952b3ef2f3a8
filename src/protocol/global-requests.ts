import type { ConnectionAuthority } from './connection-authority.js';
import type { ProtocolLimits } from './limits.js';
import type { Link } from './link.js';
import { GlobalRequest, RequestFailure, RequestSuccess } from './messages/global-request.js';
import { GlobalRequestDetail } from './messages/global-request-detail.js';
import { RequestQueue } from './request-queue.js';

/** Requests of any name about the connection as a whole, answered in order (RFC 4254 section 4). */
export class GlobalRequests {
  readonly #link: Link;
  readonly #limits: ProtocolLimits;
  readonly #authority: ConnectionAuthority;
  /** Made with the first request. */
  #queue: RequestQueue | undefined;

  constructor(link: Link, limits: ProtocolLimits, authority: ConnectionAuthority) {
    this.#link = link;
    this.#limits = limits;
    this.#authority = authority;
  }

  onRequest(payload: Buffer): void {
    const request = GlobalRequest.decode(payload);
    if (request === undefined) {
      this.#link.violation('PROTOCOL_ERROR', 'malformed global request');
      return;
    }
    this.#queue ??= new RequestQueue();
    if (this.#queue.length >= this.#limits.maxWaitingRequests) {
      this.#link.violation('PROTOCOL_ERROR', 'too many global requests at once');
      return;
    }
    const { requestName: requestType, wantReply, data } = request;
    this.#queue.push((answered) => {
      const detail = GlobalRequestDetail.decode(requestType, data);
      this.#authority.decideGlobalRequest({ requestType, wantReply, detail, data }, (answer) => {
        if (wantReply) {
          this.#link.send(
            answer.granted
              ? RequestSuccess.encode({ data: answer.data ?? Buffer.alloc(0) })
              : RequestFailure.encode({}),
          );
        }
        answered();
      });
    });
  }

  /** The connection has ended: nothing waits any more. */
  close(): void {
    this.#queue?.close();
  }
}
