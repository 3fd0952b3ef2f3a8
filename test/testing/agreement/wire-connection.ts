import type { Duplex } from 'node:stream';

import type { SSHUserAuthRequest } from '../../../src/index.js';
import type { ClientStep } from '../../../src/testing/index.js';
import { wireBytes } from '../../support/wire-bytes.js';
import * as send from '../../support/wire-client-payloads.js';
import { WireClient } from '../../support/wire-client.js';
import { ANNS_KEY, signatureOver } from './client-key.js';
import { OutcomeReader } from './outcome-reader.js';
import { cannot, type ClientEars, type RealConnection, unwrapped } from './real-connection.js';

/** A connection of a client that sends whatever it is told, over real packets. */
export class WireConnection implements RealConnection {
  readonly #client: WireClient;
  readonly #ears: ClientEars;
  readonly #reader: OutcomeReader;
  /** The server's end: where the network reports its errors. */
  readonly #far: Duplex;
  /** The server's numbers of the channels, in the order in which they were asked for. */
  readonly #remotes: (number | undefined)[] = [];
  readonly #closing = new Set<number>();

  constructor(near: Duplex, far: Duplex, ears: ClientEars) {
    this.#ears = ears;
    this.#far = far;
    this.#reader = new OutcomeReader(ears);
    const client = new WireClient(near);
    this.#client = client;
    client.onPayload = (payload) => {
      this.#onPayload(payload);
      return true;
    };
    void client.closed.then(() => {
      // The client keeps this message to itself.
      if (client.goodbye !== undefined) this.#reader.onGoodbye(client.goodbye.reason, client.goodbye.description);
      else this.#reader.onClose();
    });
    // As every client does.
    client.exchanged().then(
      () => {
        client.send(send.serviceRequest());
      },
      () => undefined,
    );
  }

  take(steps: readonly ClientStep[]): void {
    for (const wrapped of steps) {
      const { step, ordinal = this.#remotes.length } = unwrapped(wrapped);
      this.#take(step, ordinal);
    }
  }

  destroy(): void {
    this.#reader.ended = true;
    this.#client.destroy();
  }

  #take(step: ClientStep, ordinal: number): void {
    const client = this.#client;
    if ('type' in step) {
      client.send(this.#payloadOf(step, ordinal));
      return;
    }
    switch (step.action) {
      case 'data':
        client.send(send.channelData(this.#remote(ordinal), Buffer.from(step.data)));
        return;
      case 'eof':
        client.send(send.channelEof(this.#remote(ordinal)));
        return;
      case 'close':
        this.#closing.add(ordinal);
        client.send(send.channelClose(this.#remote(ordinal)));
        return;
      case 'send':
        client.send(Buffer.from(step.payload));
        return;
      case 'rekey':
        client.rekey();
        return;
      case 'disconnect':
        this.#reader.ended = true;
        client.send(send.disconnect(11, step.description));
        return;
      case 'hangUp':
        this.#reader.ended = true;
        client.stream.end();
        return;
      case 'reset':
        this.#reader.ended = true;
        this.#far.destroy(new Error('read ECONNRESET'));
        return;
      default:
        throw cannot('the client on the wire', step);
    }
  }

  #payloadOf(step: Extract<ClientStep, { readonly type: string }>, ordinal: number): Buffer {
    switch (step.type) {
      case 'SSHServiceRequest':
        return send.serviceRequest(step.service);
      case 'SSHUserAuthRequest':
        this.#reader.authMethod = step.method;
        return this.#authPayload(step);
      case 'SSHChannelOpenRequest': {
        const sender = this.#remotes.push(undefined) - 1;
        return Buffer.concat([send.channelOpen({ sender, type: step.channelType }), step.data]);
      }
      case 'SSHChannelRequest':
        return send.channelRequest(this.#remote(ordinal), step.requestType, step.wantReply, Buffer.from(step.data));
      case 'SSHGlobalRequest':
        return send.globalRequest(step.requestType, step.wantReply, Buffer.from(step.data));
      default:
        throw cannot('the client on the wire', step);
    }
  }

  #authPayload(request: SSHUserAuthRequest): Buffer {
    if (request.method === 'keyboard-interactive' && request.stage === 'answered') {
      return wireBytes(61, [request.answers.length], ...request.answers.map((answer) => answer.expose()));
    }
    const { user } = request;
    switch (request.method) {
      case 'none':
        return send.authNone(user);
      case 'password': {
        const { newPassword } = request;
        const password = request.password.expose();
        if (newPassword === undefined) return send.authPassword(password, user);
        return wireBytes(50, user, 'ssh-connection', 'password', 1, password, newPassword.expose());
      }
      case 'publickey': {
        const blob = ANNS_KEY.getPublicSSH();
        const isSigned = request.stage !== 'offered';
        const asked = wireBytes(50, user, 'ssh-connection', 'publickey', isSigned ? 1 : 0, request.algorithm);
        const unsigned = Buffer.concat([asked, wireBytes([blob.length], blob)]);
        return isSigned ? this.#signed(unsigned, request.algorithm, request.stage === 'proven') : unsigned;
      }
      case 'hostbased': {
        const blob = ANNS_KEY.getPublicSSH();
        const { algorithm, clientHostName, clientUserName } = request;
        const shown = wireBytes(50, user, 'ssh-connection', 'hostbased', algorithm, [blob.length], blob);
        const unsigned = wireBytes(shown, clientHostName, clientUserName);
        return this.#signed(unsigned, algorithm, request.stage === 'proven');
      }
      case 'keyboard-interactive':
        return wireBytes(50, user, 'ssh-connection', 'keyboard-interactive', '', request.submethods.join(','));
      case 'other':
        return wireBytes(50, user, 'ssh-connection', request.name);
      default:
        return request satisfies never;
    }
  }

  #signed(unsigned: Buffer, algorithm: string, isRight: boolean): Buffer {
    const { sessionId } = this.#client;
    const data = Buffer.concat([wireBytes([sessionId.length], sessionId), unsigned]);
    const raw = signatureOver(data, isRight);
    const signature = wireBytes(algorithm, [raw.length], raw);
    return Buffer.concat([unsigned, wireBytes([signature.length], signature)]);
  }

  #onPayload(payload: Buffer): void {
    const number = payload.readUInt8(0);
    const ordinal = number > 90 && number < 101 ? payload.readUInt32BE(1) + 1 : 0;
    if (number === 91) this.#remotes[ordinal - 1] = payload.readUInt32BE(5);
    if (number === 94) this.#ears.hear(ordinal, 'stdout', payload.subarray(9));
    if (number === 95) this.#ears.hear(ordinal, 'stderr', payload.subarray(13));
    // RFC 4254 section 5.3: whoever is told that a channel closes says so, too.
    if (number === 97 && !this.#closing.has(ordinal)) this.#client.send(send.channelClose(this.#remote(ordinal)));
    this.#reader.onPayload(payload);
  }

  #remote(ordinal: number): number {
    const remote = this.#remotes[ordinal - 1];
    if (remote === undefined) throw new Error(`the client on the wire was given no channel ${String(ordinal)}`);
    return remote;
  }
}
