import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createServer, generateHostKey, type Identity } from '../../../src/index.js';
import { authRequest, type ClientStep, connectionRequest, loopback, simulate } from '../../../src/testing/index.js';
import { parsePublicKey } from '../../../src/protocol/authentication/public-key.js';
import { UserauthFailure } from '../../../src/protocol/messages/userauth-result.js';
import { wireBytes } from '../../support/wire-bytes.js';
import { WireClient } from '../../support/wire-client.js';
import * as send from '../../support/wire-client-payloads.js';
import {
  bursts,
  fingerprintsOf,
  GAME_LIMITS,
  type GameAnswer,
  gameHandlers,
  type GameMove,
  KEY_NAMES,
  type KeyName,
  KeyGame,
} from './key-game.js';

const authMethods = ['publickey', 'keyboard-interactive'] as const;

/** Bytes as a `string`. */
const lengthed = (bytes: Buffer) => [[bytes.length], bytes] as const;
const stringOf = (bytes: Buffer): Buffer => wireBytes(...lengthed(bytes));

interface GameKey {
  readonly privateKey: KeyObject;
  readonly blob: Buffer;
  readonly line: string;
  readonly fingerprint: string;
}

function makeGameKey(): GameKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const blob = Buffer.concat([wireBytes('ssh-ed25519'), stringOf(point)]);
  const fingerprint = parsePublicKey(blob)?.fingerprint ?? '';
  return { privateKey, blob, fingerprint, line: `ssh-ed25519 ${blob.toString('base64')}` };
}

const KEYS: Readonly<Record<KeyName, GameKey>> = { A: makeGameKey(), B: makeGameKey(), C: makeGameKey() };
const nameOf = new Map(KEY_NAMES.map((name) => [KEYS[name].fingerprint, name]));

/** The steps of whoever got in, by the names of the keys. */
const namesIn = (identity: Identity | undefined) =>
  identity && fingerprintsOf(identity).map((it) => (it === undefined ? 'code' : nameOf.get(it)));

describe('the key that signed is the key that is authorised, whatever is offered, proven, forged and passed before', () => {
  it('in the simulator', async () => {
    const simulated = ({ kind, user, ...move }: GameMove): readonly ClientStep[] => {
      const line = 'key' in move ? KEYS[move.key].line : '';
      if (kind === 'offer') return [authRequest.offeredKey(user, line)];
      if (kind === 'prove') return [authRequest.provenKey(user, line)];
      if (kind === 'code')
        return [authRequest.keyboardInteractive(user), authRequest.keyboardInteractiveAnswer(user, ['42'])];
      return [authRequest.refutedKey(user, line)];
    };
    const property = fc.asyncProperty(bursts, async (plan) => {
      const entered: (Identity | undefined)[] = [];
      const handlers = [
        ...gameHandlers(
          (name) => KEYS[name].line,
          (it) => entered.push(it),
        ),
      ];
      await using simulation = await simulate({ handlers, authMethods: [...authMethods], limits: GAME_LIMITS });
      const client = simulation.client('192.0.2.7');
      const game = new KeyGame();
      const learn = async (step: ClientStep) => {
        const learned = client.perform(step);
        await simulation.run('0ms');
        return (await learned).at(-1)?.outcome;
      };
      await learn(connectionRequest());
      for (const move of plan.flat()) {
        const expected = game.answer(move);
        const [step, answer] = simulated(move);
        let heard = step && (await learn(step));
        if (heard === 'challenged' && answer !== undefined) heard = await learn(answer);
        expect([move, heard]).toEqual([move, expected]);
        if (expected !== 'granted') continue;
        expect(namesIn(entered.at(-1))).toEqual(game.passed);
        return;
      }
      expect(entered).toEqual([]);
    });
    await fc.assert(property, { numRuns: 50 });
  }, 60_000);

  it('over a real connection, with requests sent ahead', async () => {
    const { hostKey } = await generateHostKey();
    let entered: (Identity | undefined)[] = [];
    await using server = await createServer({
      hostKeys: [hostKey],
      handlers: [
        ...gameHandlers(
          (name) => KEYS[name].line,
          (it) => entered.push(it),
        ),
      ],
      authMethods: [...authMethods],
      limits: GAME_LIMITS,
      admission: { maxPerSource: 1000, maxStartups: 1000 },
    });
    const property = fc.asyncProperty(bursts, async (plan) => {
      entered = [];
      const client = new WireClient(loopback(server));
      await client.exchanged();
      client.send(send.serviceRequest());
      await client.take(6);
      const game = new KeyGame();
      for (const burst of plan) {
        client.send(...burst.map((move) => payloadOf(move, client.sessionId)));
        for (const move of burst) {
          const expected = game.answer(move);
          expect([move, await heardBy(client, move)]).toEqual([move, expected]);
          if (expected !== 'granted') continue;
          expect(namesIn(entered.at(-1))).toEqual(game.passed);
          client.destroy();
          return;
        }
      }
      expect(entered).toEqual([]);
      client.destroy();
    });
    await fc.assert(property, { numRuns: 40 });
  }, 60_000);
});

/** The message of a move, signed with real keys. */
function payloadOf(move: GameMove, sessionId: Buffer): Buffer {
  const { kind, user } = move;
  if (kind === 'code') return wireBytes(50, user, 'ssh-connection', 'keyboard-interactive', '', '');
  const request = (name: string, isSigned: boolean): Buffer =>
    wireBytes(
      50,
      name,
      'ssh-connection',
      'publickey',
      isSigned ? 1 : 0,
      'ssh-ed25519',
      ...lengthed(KEYS[move.key].blob),
    );
  if (kind === 'offer') return request(user, false);
  const signer = KEYS[kind === 'forge' ? move.signedBy : move.key].privateKey;
  const text = request(kind === 'borrow' ? move.from : user, true);
  const signature = sign(null, Buffer.concat([stringOf(sessionId), text]), signer);
  return Buffer.concat([request(user, true), stringOf(wireBytes('ssh-ed25519', ...lengthed(signature)))]);
}

/** How the server answers `move`. */
async function heardBy(client: WireClient, move: GameMove): Promise<GameAnswer> {
  const reply = await client.take(51, 52, 60);
  if (reply[0] === 52) return 'granted';
  if (reply[0] === 51) return UserauthFailure.decode(reply)?.partialSuccess === true ? 'partial' : 'denied';
  if (move.kind === 'code') {
    client.send(wireBytes(61, [1], '42'));
    return heardBy(client, move);
  }
  expect(reply.includes(KEYS[move.key].blob)).toBe(true);
  return 'acceptable';
}
