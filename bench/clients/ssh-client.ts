import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import ssh2, { type Client, type ClientChannel, type ParsedKey, type PublicKeyAuthMethod } from 'ssh2';
import { within } from '../deadline.js';
import { exchangeHybridKeys } from './hybrid-exchange.js';

/** Who connects, and where to. */
export interface Identity {
  readonly port: number;
  readonly username: string;
  /** Path of the ed25519 private key. */
  readonly key: string;
  /** Whether to exchange keys by `mlkem768x25519-sha256`, and not by `curve25519-sha256`. */
  readonly hybrid?: boolean;
}

const OPERATION_MS = 60_000;
const keys = new Map<string, ParsedKey>();

/**
 * Connects to 127.0.0.1 and signs in with the key, going straight to `publickey`: query, then signature.
 *
 * The same algorithms for every server; ChaCha20 is for one without GCM. TCP_NODELAY is on, as in the OpenSSH client.
 */
export async function connectClient({ port, username, key, hybrid }: Identity): Promise<Client> {
  const client = new ssh2.Client();
  const ready = once(client, 'ready');
  const method: PublicKeyAuthMethod = { type: 'publickey', username, key: parsedKey(key) };
  client.connect({
    sock: connect({ port, host: '127.0.0.1', noDelay: true }),
    username,
    authHandler: [method],
    algorithms: {
      kex: ['curve25519-sha256'],
      serverHostKey: ['ssh-ed25519'],
      cipher: ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'],
    },
    readyTimeout: OPERATION_MS,
  });
  if (hybrid === true) exchangeHybridKeys(client);
  await ready;
  // From here on a lost connection shows in the operation that waits for it; without a listener it would end the process.
  client.on('error', () => undefined);
  return client;
}

/** Starts `command` on a new session channel and resolves when the server has accepted it. */
export function openExec(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });
}

/**
 * Runs `command` and resolves when its channel is closed.
 *
 * @throws Error when the exit status is not 0 or the connection is lost.
 */
export function execToEnd(client: Client, command: string): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      // All listeners go on within this callback: the packets of a short command come in one read, and ssh2 has
      // emitted the exit status before anything that awaits a promise gets its turn.
      let status: unknown = 'missing';
      channel.on('exit', (code: unknown) => (status = code));
      channel.once('close', () => {
        if (status === 0) resolve();
        else reject(new Error(`"${command}": exit status ${String(status)}`));
      });
      channel.resume();
      channel.stderr.resume();
    });
  });
  return within(OPERATION_MS, command, ended);
}

/** Disconnects and resolves when the socket is closed. */
export async function closeClient(client: Client): Promise<void> {
  const closed = once(client, 'close');
  client.end();
  await within(OPERATION_MS, 'disconnect', closed);
}

/** Parsed once, and signing with a cached key object: the client should cost as little as it can. */
function parsedKey(path: string): ParsedKey {
  const known = keys.get(path);
  if (known !== undefined) return known;
  const parsed = ssh2.utils.parseKey(readFileSync(path));
  if (parsed instanceof Error) throw parsed;
  const object: KeyObject = createPrivateKey(parsed.getPrivatePEM());
  parsed.sign = (data) => sign(null, Buffer.from(data), object);
  keys.set(path, parsed);
  return parsed;
}
