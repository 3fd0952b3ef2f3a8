import type { EngineHostKey, EngineKeyExchange, EngineProtocol } from './ssh2-internals.js';

/** A signature that a key exchange waits for. */
export interface LateSignature {
  /** Nobody waits any more. */
  cancel(): void;
}

/** What becomes of a key exchange that has to wait for its signature. */
export interface LateSignatureListener {
  /** The wait begins. May be called only once, and before everything else. */
  onWait(signature: LateSignature): void;
  /** It is over: the reply has been sent. */
  onSigned(): void;
  /** The signer, or the engine with what it has signed, has failed. */
  onFailure(error: Error): void;
}

/** Thrown through the engine's code to leave it where it wants a signature. */
const HASHED = new Error('the hash is ready to be signed');

/**
 * Has the reply of a key exchange signed in ways that the engine does not know: under another name than the one negotiated, as
 * certificates are, or by a signer that takes time. Exchanges with plain keys are left as they are.
 *
 * The engine computes the secret, the hash and the reply in one go. For a signer that takes time it is let go as far as the hash,
 * and once more from the start when the signature is there, with the same secret. What clients send meanwhile is taken as at
 * any time; only of the key exchange itself nothing may come.
 */
export function signExchange(
  protocol: EngineProtocol,
  exchange: EngineKeyExchange,
  listener: LateSignatureListener,
): void {
  const hostKey = protocol._hostKeys[exchange.negotiated.serverHostKey];
  if (hostKey === undefined) return;
  if (hostKey.signLater !== undefined) waitForSignature(exchange, hostKey, hostKey.signLater, listener);
  else if (hostKey.signatureAlgorithm !== undefined) {
    const finish = exchange.finish.bind(exchange);
    exchange.finish = () => {
      finishAs(exchange, hostKey, finish);
    };
  }
}

/** Runs `finish` while the name negotiated is that of the signature. */
function finishAs(exchange: EngineKeyExchange, { signatureAlgorithm }: EngineHostKey, finish: () => unknown): void {
  const { negotiated } = exchange;
  const name = negotiated.serverHostKey;
  negotiated.serverHostKey = signatureAlgorithm ?? name;
  try {
    finish();
  } finally {
    negotiated.serverHostKey = name;
  }
}

function waitForSignature(
  exchange: EngineKeyExchange,
  hostKey: EngineHostKey,
  signLater: NonNullable<EngineHostKey['signLater']>,
  listener: LateSignatureListener,
): void {
  const finish = exchange.finish.bind(exchange);
  const parse = exchange.parse.bind(exchange);
  const computeSecret = exchange.computeSecret.bind(exchange);
  let secret: Buffer | Error | undefined;
  exchange.computeSecret = (peer) => (secret = computeSecret(peer));

  exchange.finish = () => {
    const hash = hashOf(exchange, hostKey, finish);
    // The engine has ended the connection, and said why.
    if (hash === undefined) return;
    const abort = new AbortController();
    exchange.parse = () => {
      throw new Error('a key exchange message before the reply to the last one');
    };
    const reply = (signature: Buffer): void => {
      if (abort.signal.aborted) return;
      exchange.parse = parse;
      exchange.computeSecret = () => secret ?? new Error('the secret has been used');
      exchange._hostKey = { ...hostKey, sign: () => signature };
      finishAs(exchange, hostKey, finish);
      // The engine keeps the exchange, and with it this function, for as long as the connection lives.
      secret = undefined;
      listener.onSigned();
    };
    const fail = (cause: unknown): void => {
      if (!abort.signal.aborted) listener.onFailure(cause instanceof Error ? cause : new Error(String(cause)));
    };
    listener.onWait({
      cancel: () => {
        abort.abort();
      },
    });
    signLater(hash, abort.signal).then(reply).catch(fail);
  };
}

/** Lets the engine go on until it wants a signature. @returns what is to be signed; undefined if it does not come so far */
function hashOf(exchange: EngineKeyExchange, hostKey: EngineHostKey, finish: () => unknown): Buffer | undefined {
  let hash: Buffer | undefined;
  exchange._hostKey = {
    ...hostKey,
    sign: (data) => {
      hash = data;
      throw HASHED;
    },
  };
  try {
    finish();
  } catch (cause) {
    if (cause !== HASHED) throw cause;
  }
  // So that it can be called again.
  exchange._finished = false;
  return hash;
}
