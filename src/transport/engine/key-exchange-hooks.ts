import type { EngineDecipher, EngineKeyExchange, EnginePayloadHandler, EngineProtocol } from './ssh2-internals.js';
import { takeKexinit } from './take-kexinit.js';

const SSH_MSG_DISCONNECT = 1;
const SSH_MSG_DEBUG = 4;
const SSH_MSG_KEXINIT = 20;
const FIRST_CONNECTION_MESSAGE = 50;
/** Stops the engine's parser. */
const STOP = Infinity;

/**
 * Puts the engine's first key exchange under our eyes.
 *
 * Its EXT_INFO is muted (the list it sends is malformed) and whether the client wanted one is remembered; DISCONNECT goes to
 * our own handler.
 */
export function watchFirstKeyExchange(
  protocol: EngineProtocol,
  decipher: EngineDecipher,
  onDisconnect: EnginePayloadHandler,
  onExtInfoWanted: () => void,
  onExchange: (exchange: EngineKeyExchange) => void,
): void {
  const engine = decipher._onPayload;
  decipher._onPayload = (payload) => {
    if (payload[0] === SSH_MSG_DISCONNECT) return onDisconnect(payload);
    if (payload[0] !== SSH_MSG_KEXINIT) return unlessDead(protocol, engine(payload));

    const result = takeKexinit(protocol, engine, payload, onExchange);
    if (protocol._kex?.remoteExtInfoEnabled === true) {
      protocol._kex.remoteExtInfoEnabled = false;
      onExtInfoWanted();
    }
    return unlessDead(protocol, result);
  };
}

/**
 * Corrects the engine's handler of a key *re*-exchange, which it has just installed on the client's KEXINIT.
 *
 * Strict key exchange concerns the first exchange only (OpenSSH PROTOCOL section 1.10); the engine applies it to all and would cut
 * off clients, AsyncSSH among them, that put IGNORE or data already under way between KEXINIT and NEWKEYS.
 */
export function relaxReExchange(
  protocol: EngineProtocol,
  decipher: EngineDecipher,
  onOther: EnginePayloadHandler,
): void {
  const engine = decipher._onPayload;
  decipher._onPayload = (payload) => {
    const number = payload[0] ?? 0;
    if (number <= SSH_MSG_DEBUG || number >= FIRST_CONNECTION_MESSAGE) return onOther(payload);
    return unlessDead(protocol, engine(payload));
  };
}

/**
 * Lets the parser go on only if the key exchange did not end the connection. The engine forgets to say so, and would decrypt what
 * follows in the same chunk with a cipher that it has freed: in its native addon that ends the process.
 */
const unlessDead = (
  protocol: EngineProtocol,
  result: ReturnType<EnginePayloadHandler>,
): ReturnType<EnginePayloadHandler> => (protocol._destruct === undefined ? STOP : result);
