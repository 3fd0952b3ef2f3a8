import { createHash, randomBytes } from 'node:crypto';

import { expect, it } from 'vitest';

import { ALGORITHM_PRESETS, exec, type Service } from '../../src/index.js';
import type { WireClient } from '../support/wire-client.js';
import { HYBRID } from '../support/wire-client-hybrid.js';
import * as send from '../support/wire-client-payloads.js';
import { passwordSecret, TestServer } from './test-server.js';

/*
 * The OpenSSH of Debian 12 has no ML-KEM, so the client is that of these tests, whose half of the exchange is written out by the
 * draft. `test/clients/openssh-rekey.test.ts` does the same with OpenSSH for every other method.
 */

const MIB = 1024 * 1024;
/** With `HYBRID_TRAFFIC_MIB=200` it takes some minutes. */
const MIB_EACH_WAY = Number(process.env['HYBRID_TRAFFIC_MIB'] ?? 24);
const BLOCK = 32 * 1024;

const echo: Service = async function* (session) {
  for await (const chunk of session.stdin) yield chunk as Buffer;
};

/** Has `cat` echo `size` bytes, within the windows both ways. @returns whether they came back as they were */
async function echoMuch(client: WireClient, size: number): Promise<boolean> {
  const remote = await client.open();
  client.send(send.exec(remote, 'cat'));
  await client.take(99);

  const block = randomBytes(BLOCK);
  const sent = createHash('sha256');
  const received = createHash('sha256');
  let toSend = size;
  let toReceive = size;
  let window = 2 * MIB;
  let owed = 0;
  let open = (): void => undefined;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    void client.closed.then(() => {
      reject(new Error(`the connection closed: ${JSON.stringify(client.goodbye)}`));
    });
  });
  // Taken from the stream of payloads: kept, they would be all of the traffic.
  client.onPayload = (payload) => {
    if (payload[0] === 93) {
      window += payload.readUInt32BE(5);
      open();
      return true;
    }
    if (payload[0] !== 94) return false;
    const data = payload.subarray(9);
    received.update(data);
    toReceive -= data.length;
    owed += data.length;
    if (owed >= MIB) {
      client.send(send.windowAdjust(remote, owed));
      owed = 0;
    }
    if (toReceive === 0) finish();
    return true;
  };
  while (toSend > 0) {
    while (window < BLOCK) {
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      await Promise.race([opened, finished]);
    }
    block.writeUInt32BE(toSend);
    sent.update(block);
    client.send(send.channelData(remote, block));
    window -= BLOCK;
    toSend -= BLOCK;
    if (toSend % (8 * BLOCK) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  client.send(send.channelEof(remote));
  await finished;
  return sent.digest('hex') === received.digest('hex');
}

it.each(ALGORITHM_PRESETS.modern.ciphers)(
  `mlkem768x25519-sha256 renews the keys each MiB of ${String(MIB_EACH_WAY)} MiB each way under %s, and not a byte is lost`,
  { timeout: 60_000 },
  async (cipher) => {
    const server = await TestServer.start({
      handlers: [passwordSecret, exec('cat', echo)],
      rekey: { bytes: MIB },
    });
    const client = await server.login({ keyExchange: [HYBRID], ciphers: [cipher] });

    expect(await echoMuch(client, MIB_EACH_WAY * MIB)).toBe(true);
    expect(client.exchanges).toBeGreaterThan(MIB_EACH_WAY / 2);
    expect(server.ssh.connections[0]?.algorithms).toMatchObject({ keyExchange: HYBRID, cipherIn: cipher });
    expect(server.errors).toEqual([]);
  },
);
