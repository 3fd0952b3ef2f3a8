import { keepRightGuess } from './keep-right-guess.js';
import { makeHybrid, MLKEM768_X25519 } from './mlkem768x25519.js';
import type { EngineKeyExchange, EngineOffer, EnginePayloadHandler, EngineProtocol } from './ssh2-internals.js';
import { speedUpX25519 } from './x25519.js';

/** The exchange of the engine's that {@link makeHybrid} builds on. */
const STAND_IN = 'curve25519-sha256';

/** Where the first name-list of a KEXINIT begins: behind the message number and the cookie (RFC 4253 section 7.1). */
const FIRST_LIST = 17;

/**
 * Gives a client's KEXINIT to the engine, of the first key exchange or of a later one, and corrects what the engine makes of it.
 *
 * The engine knows no hybrid method and would throw. When both sides choose it, the engine is shown a KEXINIT and an offer that
 * name the X25519 exchange instead, for as long as this call takes; then the exchange gets the true packet back, which is what the
 * exchange hash covers, and the methods of the hybrid one. What goes out is the true offer at all times.
 *
 * @param engine the engine's handler of the packet
 * @param payload a view on the socket's memory, which the engine needs for longer: it gets a copy
 * @param onExchange called with the exchange that the KEXINIT has begun
 */
export function takeKexinit(
  protocol: EngineProtocol,
  engine: EnginePayloadHandler,
  payload: Buffer,
  onExchange: (exchange: EngineKeyExchange) => void,
): ReturnType<EnginePayloadHandler> {
  const before = protocol._kex;
  const kexinit = Buffer.from(payload);
  const names = namesOf(kexinit);
  const offer = protocol._offer;
  // The first of the client's that the server has as well.
  const isHybrid = names.find((name) => offer.lists.kex.array.includes(name)) === MLKEM768_X25519;

  let result: ReturnType<EnginePayloadHandler>;
  if (isHybrid) {
    protocol._offer = choosing(STAND_IN, offer);
    try {
      result = engine(naming(STAND_IN, names, kexinit));
    } finally {
      protocol._offer = offer;
    }
  } else result = engine(kexinit);

  const exchange = protocol._kex;
  // A KEXINIT that failed, or was skipped in the place of a wrong guess, has made no exchange.
  if (exchange === undefined || exchange === before) return result;
  if (isHybrid) {
    exchange._remoteKexinit = kexinit;
    makeHybrid(exchange);
  } else speedUpX25519(exchange);
  keepRightGuess(protocol, kexinit);
  onExchange(exchange);
  return result;
}

/** The key exchange methods that a KEXINIT names; none if it is malformed, which the engine will tell. */
function namesOf(kexinit: Buffer): readonly string[] {
  if (kexinit.length < FIRST_LIST + 4) return [];
  const start = FIRST_LIST + 4;
  return kexinit.toString('latin1', start, start + kexinit.readUInt32BE(FIRST_LIST)).split(',');
}

/** A copy of a KEXINIT whose methods are `method` and, for what they say beside, the names that are no methods. */
function naming(method: string, names: readonly string[], kexinit: Buffer): Buffer {
  const markers = names.filter((name) => /^(?:ext-info|kex-strict)-/u.test(name));
  const list = Buffer.from([method, ...markers].join(','), 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(list.length);
  const rest = kexinit.subarray(FIRST_LIST + 4 + kexinit.readUInt32BE(FIRST_LIST));
  return Buffer.concat([kexinit.subarray(0, FIRST_LIST), length, list, rest]);
}

/** An offer that is sent as `offer` is, and whose only method is `method` when the engine chooses. */
const choosing = (method: string, offer: EngineOffer): EngineOffer => {
  const { lists } = offer;
  const changed = { ...lists, kex: { ...lists.kex, array: [method] } };
  // Object.create knows no types. What is sent is a buffer beside the arrays, which stays.
  return Object.create(offer, { lists: { value: changed } }) as EngineOffer;
};
