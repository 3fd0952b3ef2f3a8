import { describe, expect, it } from 'vitest';

import { COMPRESSION_AFTER_AUTHENTICATION } from '../../../src/transport/compression/compression-algorithms.js';
import { Deflater } from '../../../src/transport/compression/deflater.js';
import { DelayedCompression } from '../../../src/transport/compression/delayed-compression.js';
import { BYTES_PER_MS, TurnBudget } from '../../../src/transport/compression/turn-budget.js';
import type { EnginePacketWriter, EngineProtocol } from '../../../src/transport/engine/ssh2-internals.js';
import { SSH_MSG } from '../../../src/transport/messages/message-number.js';
import { codeTablePacket } from '../../support/code-table-packet.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The compression of a connection whose user has signed in, where to inflate a packet takes as long as `costMs` says. */
function signedIn(budget: TurnBudget, costMs: number) {
  const plain = {} as EnginePacketWriter;
  const direction = { compress: COMPRESSION_AFTER_AUTHENTICATION };
  // As much of the engine as compression looks at.
  const engine = {
    _packetRW: { read: {}, write: plain },
    _kex: { negotiated: { cs: direction, sc: direction } },
    _kexinit: undefined,
    _cipher: { allocPacket: (length: number) => Buffer.alloc(5 + length) },
  } as unknown as EngineProtocol;
  let time = 0;
  const turns: number[] = [];
  const compression = new DelayedCompression(
    engine,
    () => turns.push(time),
    budget,
    () => (time += costMs / 2) - costMs / 2,
  );
  compression.write = plain;
  compression.write.finalize(Buffer.of(SSH_MSG.USERAUTH_SUCCESS));
  return { compression, turns };
}

const honest = (): Buffer => {
  const deflater = new Deflater();
  const packet = Buffer.from(deflater.deflate(Buffer.alloc(1000, 'text ')));
  deflater.close();
  return packet;
};
const hostile = codeTablePacket(34_000, Buffer.of(SSH_MSG.IGNORE));

describe('delayed compression', () => {
  it('charges a packet that stands for nothing by the time that it has taken', async () => {
    const { compression, turns } = signedIn(new TurnBudget(), 7);

    expect(compression.inflate(hostile)).toEqual(Buffer.of(SSH_MSG.IGNORE));
    expect(compression.waits).toBe(true);
    await turn();
    expect(turns).toHaveLength(1);
    expect(compression.waits).toBe(false);
    compression.close();
  });

  it('charges an ordinary packet little', () => {
    const budget = new TurnBudget();
    const { compression } = signedIn(budget, 0.04);
    compression.inflate(honest());

    expect(compression.waits).toBe(false);
    expect(budget.isSpent).toBe(false);
    compression.close();
  });

  it('has packets wait when others have used up the turn', async () => {
    const budget = new TurnBudget();
    const [first, second] = [signedIn(budget, 7), signedIn(budget, 7)];
    expect(second.compression.awaitTurn()).toBe(false);
    first.compression.inflate(hostile);

    expect(second.compression.awaitTurn()).toBe(true);
    await turn();
    expect([first.turns.length, second.turns.length]).toEqual([1, 1]);
    expect(second.compression.awaitTurn()).toBe(false);
    first.compression.close();
    second.compression.close();
  });

  it('has nobody wait who does not inflate yet', () => {
    const budget = new TurnBudget(BYTES_PER_MS);
    budget.spend(BYTES_PER_MS);
    const plain = {} as EnginePacketWriter;
    // Before anything is negotiated.
    const engine = { _packetRW: { read: {}, write: plain } } as unknown as EngineProtocol;
    const compression = new DelayedCompression(engine, () => undefined, budget);

    expect(compression.awaitTurn()).toBe(false);
  });
});
