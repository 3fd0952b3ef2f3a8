import type { Duplex } from 'node:stream';

import ssh2 from 'ssh2';

import type { Secret, SSHChannelRequest, SSHGlobalRequest, SSHUserAuthRequest } from '../../../src/index.js';
import type { ClientStep } from '../../../src/testing/index.js';
import { ANNS_KEY, signatureOver } from './client-key.js';
import { OutcomeReader } from './outcome-reader.js';
import { cannot, type ClientEars, type RealConnection, unwrapped } from './real-connection.js';

const NAME = 'the client of ssh2';
const GLOBAL_REQUEST = 80;

/** What is looked at inside the library: each payload on its way in. */
interface Tapped {
  readonly _protocol: { _onPayload: (payload: Buffer) => unknown };
}

/** A connection of the `ssh2` package's client, used as its documentation has it. */
export class LibraryConnection implements RealConnection {
  readonly #client = new ssh2.Client();
  readonly #ears: ClientEars;
  readonly #reader: OutcomeReader;
  /** By the order in which they were asked for. */
  readonly #channels: (ssh2.ClientChannel | undefined)[] = [];
  #nextAuth: ssh2.NextAuthHandler | undefined;
  #answer: ((answers: string[]) => void) | undefined;
  #prove: ((isRight: boolean) => void) | undefined;

  constructor(stream: Duplex, identification: string, ears: ClientEars) {
    this.#ears = ears;
    this.#reader = new OutcomeReader(ears);
    const client = this.#client;
    // What goes wrong is read from the packets.
    client.on('error', () => undefined);
    client.on('close', () => {
      this.#reader.onClose();
    });
    client.connect({
      sock: stream,
      username: 'ann',
      ident: identification,
      readyTimeout: 0,
      // Or it would keep OpenSSH's extensions to servers that say they are OpenSSH.
      strictVendor: false,
      algorithms: {
        kex: ['curve25519-sha256'],
        serverHostKey: ['ssh-ed25519'],
        cipher: ['aes128-gcm@openssh.com'],
      },
      authHandler: (_left, _partial, next) => {
        this.#nextAuth = next;
      },
    });
    // Not declared, and the only place where all that a client is told comes by.
    const { _protocol: protocol } = client as unknown as Tapped;
    const onPayload = protocol._onPayload;
    protocol._onPayload = (payload) => {
      this.#reader.onPayload(Buffer.from(payload));
      // The library would have the host keys proved, of its own accord, and no other client does.
      if (payload[0] === GLOBAL_REQUEST && payload.includes('hostkeys-00@openssh.com')) return undefined;
      return onPayload(payload);
    };
  }

  take(steps: readonly ClientStep[]): void {
    const [first, ...rest] = steps;
    if (first === undefined) return;
    if ('type' in first && first.type === 'SSHChannelOpenRequest' && first.channelType === 'session') {
      this.#openSession(rest);
      return;
    }
    if (rest.length > 0) throw new Error(`${NAME} takes one step at a time, unless it opens a session`);
    const { step, ordinal } = unwrapped(first);
    this.#take(step, ordinal);
  }

  destroy(): void {
    this.#reader.ended = true;
    this.#client.destroy();
  }

  #take(step: ClientStep, ordinal: number | undefined): void {
    if ('type' in step) {
      switch (step.type) {
        case 'SSHUserAuthRequest':
          this.#authenticate(step);
          return;
        case 'SSHChannelOpenRequest':
          this.#forwardOut(step);
          return;
        case 'SSHChannelRequest':
          this.#request(step, this.#channel(ordinal));
          return;
        case 'SSHGlobalRequest':
          this.#requestGlobally(step);
          return;
        default:
          throw cannot(NAME, step);
      }
    }
    switch (step.action) {
      case 'data':
        this.#channel(ordinal).write(Buffer.from(step.data));
        return;
      case 'eof':
        this.#channel(ordinal).end();
        return;
      case 'close':
        this.#channel(ordinal).close();
        return;
      case 'disconnect':
        if (step.description !== '') throw new Error(`${NAME} gives no description when it goes`);
        this.#reader.ended = true;
        this.#client.end();
        return;
      case 'hangUp':
        this.destroy();
        return;
      default:
        throw cannot(NAME, step);
    }
  }

  #authenticate(request: SSHUserAuthRequest): void {
    this.#reader.authMethod = request.method;
    const { user: username } = request;
    switch (request.method) {
      case 'none':
        this.#nextAuth?.({ type: 'none', username });
        return;
      case 'password':
        if (request.newPassword !== undefined) throw cannot(NAME, request);
        this.#nextAuth?.({ type: 'password', username, password: request.password.expose() });
        return;
      case 'publickey':
        if (request.stage === 'offered') {
          this.#nextAuth?.({ type: 'agent', username, agent: new PatientAgent((prove) => (this.#prove = prove)) });
        } else this.#prove?.(request.stage === 'proven');
        return;
      case 'keyboard-interactive':
        if (request.stage === 'started') {
          const attempt: ssh2.KeyboardInteractiveAuthMethod = {
            type: 'keyboard-interactive',
            username,
            prompt: (_name, _instruction, _language, _prompts, answer) => {
              this.#answer = answer;
            },
          };
          this.#nextAuth?.(attempt);
        } else this.#answer?.(request.answers.map((answer: Secret) => answer.expose()));
        return;
      default:
        throw cannot(NAME, request);
    }
  }

  /** A session comes with its program: one call asks for both. */
  #openSession(steps: readonly ClientStep[]): void {
    const requests = steps.map((step) => {
      if ('type' in step && step.type === 'SSHChannelRequest') return step;
      throw cannot(NAME, step);
    });
    const env: Record<string, string> = {};
    let pty: ssh2.PseudoTtyOptions | undefined;
    for (const { detail, wantReply } of requests) {
      if (detail.type === 'env' && !wantReply) env[detail.variableName] = detail.variableValue;
      else if (detail.type === 'pty-req') {
        const { term, rows, columns: cols, widthPixels: width, heightPixels: height } = detail;
        pty = { term, rows, cols, width, height };
      }
    }
    const program = requests.at(-1)?.detail;
    const opened = this.#opened();
    switch (program?.type) {
      case 'exec':
        this.#client.exec(program.command, { env, ...(pty === undefined ? {} : { pty }) }, opened);
        return;
      case 'shell':
        this.#client.shell(pty ?? false, { env }, opened);
        return;
      case 'subsystem':
        this.#client.subsys(program.subsystemName, opened);
        return;
      default:
        throw new Error(`${NAME} opens no session without a program`);
    }
  }

  #forwardOut({ detail }: Extract<ClientStep, { readonly type: 'SSHChannelOpenRequest' }>): void {
    if (detail.type === 'direct-tcpip') {
      const { originatorAddress, originatorPort, hostToConnect, portToConnect } = detail;
      this.#client.forwardOut(originatorAddress, originatorPort, hostToConnect, portToConnect, this.#opened());
    } else if (detail.type === 'direct-streamlocal@openssh.com') {
      this.#client.openssh_forwardOutStreamLocal(detail.socketPath, this.#opened());
    } else throw new Error(`${NAME} opens no channel of type ${detail.type}`);
  }

  #request({ detail }: SSHChannelRequest, channel: ssh2.ClientChannel): void {
    if (detail.type === 'window-change') {
      channel.setWindow(detail.rows, detail.columns, detail.heightPixels, detail.widthPixels);
    } else if (detail.type === 'signal') channel.signal(detail.signalName);
    else throw new Error(`${NAME} has no request ${detail.type} for an open channel`);
  }

  #requestGlobally(request: SSHGlobalRequest): void {
    const { detail } = request;
    const ignore = (): void => undefined;
    if (detail.type === 'tcpip-forward') {
      this.#client.forwardIn(detail.addressToBind, detail.portToBind, ignore);
    } else if (detail.type === 'cancel-tcpip-forward') {
      this.#client.unforwardIn(detail.addressToBind, detail.portToBind, ignore);
    } else if (detail.type === 'streamlocal-forward@openssh.com') {
      this.#client.openssh_forwardInStreamLocal(detail.socketPath, ignore);
    } else if (request.requestType === 'no-more-sessions@openssh.com') this.#client.openssh_noMoreSessions(ignore);
    else throw cannot(NAME, request);
  }

  #opened(): ssh2.ClientCallback {
    const index = this.#channels.push(undefined) - 1;
    return (error, channel) => {
      // Typed as if there were a channel always.
      if (error !== undefined) return;
      this.#channels[index] = channel;
      channel.on('error', () => undefined);
      channel.on('data', (data: Buffer) => {
        this.#ears.hear(index + 1, 'stdout', data);
      });
      channel.stderr.on('data', (data: Buffer) => {
        this.#ears.hear(index + 1, 'stderr', data);
      });
    };
  }

  #channel(ordinal = this.#channels.length): ssh2.ClientChannel {
    const channel = this.#channels[ordinal - 1];
    if (channel === undefined) throw new Error(`${NAME} was given no channel ${String(ordinal)}`);
    return channel;
  }
}

/** Has Ann's key, and signs when it is told to. */
class PatientAgent extends ssh2.BaseAgent<ssh2.ParsedKey> {
  readonly #onAsked: (prove: (isRight: boolean) => void) => void;

  constructor(onAsked: (prove: (isRight: boolean) => void) => void) {
    super();
    this.#onAsked = onAsked;
  }

  override getIdentities(callback: ssh2.IdentityCallback<ssh2.ParsedKey>): void {
    callback(undefined, [ANNS_KEY]);
  }

  override sign(
    _key: ssh2.ParsedKey,
    data: Buffer,
    options: ssh2.SigningRequestOptions | ssh2.SignCallback,
    callback?: ssh2.SignCallback,
  ): void {
    const signed = typeof options === 'function' ? options : callback;
    this.#onAsked((isRight) => signed?.(undefined, signatureOver(data, isRight)));
  }
}
