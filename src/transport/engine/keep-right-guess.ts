import { Kexinit } from '../messages/kexinit.js';
import type { EngineProtocol } from './ssh2-internals.js';

/**
 * Corrects what the engine does with a key exchange packet that a client sends ahead, on a guess (RFC 4253 section 7).
 *
 * A wrong guess must be skipped, but the engine skips a right one too. A client that guessed right, such as Dropbear's,
 * does not send it again, so both sides would wait until the login takes too long. Right means that both sides name the
 * same key exchange method and the same host key algorithm first. Call it when the engine has taken the client's KEXINIT.
 */
export function keepRightGuess(
  protocol: Pick<EngineProtocol, '_kexinit' | '_skipNextInboundPacket'>,
  payload: Buffer,
): void {
  if (!protocol._skipNextInboundPacket || protocol._kexinit === undefined) return;
  const ours = Kexinit.decode(protocol._kexinit);
  const theirs = Kexinit.decode(payload);
  if (ours === undefined || theirs === undefined) return;
  const isRight =
    ours.kexAlgorithms[0] === theirs.kexAlgorithms[0] &&
    ours.serverHostKeyAlgorithms[0] === theirs.serverHostKeyAlgorithms[0];
  protocol._skipNextInboundPacket = !isRight;
}
