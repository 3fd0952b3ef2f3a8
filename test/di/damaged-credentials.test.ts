import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decide, grantCertificate, grantPublicKey, revokedKeys } from '../../src/index.js';
import type { SshEvent } from '../../src/index.js';
import { makeWireKey } from '../support/certificates.js';
import { wireBytes } from '../support/wire-bytes.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { KeyFolder, kinds, openssh } from '../transport/host-keys/ssh-keygen.js';
import { connect, start } from './live-server.js';

const run = promisify(execFile);

const SUCCESS = 52;
const FAILURE = 51;
const OFFER_ACCEPTED = 60;

/** `content` with one bit changed, at about forty places, and cut at ten. */
function* damagedForms(content: Buffer): Generator<Buffer> {
  const bits = content.length * 8;
  for (let bit = 0; bit < bits; bit += Math.ceil(bits / 40)) {
    const copy = Buffer.from(content);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    yield copy;
  }
  for (let length = 0; length < content.length; length += Math.ceil(content.length / 10)) {
    yield content.subarray(0, length);
  }
}

const limits = { maxAuthFailures: 100_000, maxAuthRequests: 100_000 };
const outcomesOf = (events: readonly SshEvent[]) =>
  events.flatMap((event) =>
    event.type === 'Decided' && event.request.type === 'SSHUserAuthRequest' ? [event.outcome] : [],
  );
const errorsOf = (events: readonly SshEvent[]) => events.filter(({ type }) => type === 'Error');

/** Sends an authentication request. @returns the number of the message that answers it */
async function ask(client: WireClient, payload: Buffer): Promise<number | undefined> {
  client.send(payload);
  return (await client.take(FAILURE, SUCCESS, OFFER_ACCEPTED))[0];
}

async function begin(client: WireClient): Promise<WireClient> {
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  return client;
}

describe.skipIf(openssh.missing.length > 0)(openssh.title('damaged keys of ssh-keygen, shown to a server'), () => {
  let folder: KeyFolder;
  let authority: string;
  beforeAll(async () => {
    folder = await KeyFolder.make();
    authority = await folder.keygen('authority', '-t', 'ed25519');
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  /** The algorithm, and the whole key or certificate. */
  async function made(type: string, options: readonly string[], certified: boolean) {
    const file = await folder.keygen(`${type} ${String(certified)}`, ...options);
    if (certified)
      await run(openssh.path('ssh-keygen'), ['-q', '-s', authority, '-I', 'id', '-n', 'ann', `${file}.pub`]);
    const line = await readFile(certified ? `${file}-cert.pub` : `${file}.pub`, 'utf8');
    const [name = '', base64 = ''] = line.split(' ');
    return { line, algorithm: name.replace(/^ssh-rsa/, 'rsa-sha2-512'), blob: Buffer.from(base64, 'base64') };
  }

  it.each(kinds.flatMap(({ type, options }) => [false, true].map((certified) => ({ type, options, certified }))))(
    'are refused, each with an event: $type, certified: $certified',
    async ({ type, options, certified }) => {
      const { line, algorithm, blob } = await made(type, options, certified);
      const authorities = await readFile(`${authority}.pub`, 'utf8');
      const { server, events } = await start(
        [
          decide('SSHUserAuthRequest', revokedKeys('# none\n')),
          decide('SSHUserAuthRequest', certified ? grantCertificate({ authorities }) : grantPublicKey(line)),
        ],
        { limits },
      );
      const client = await begin(await connect(server));
      const wrong = wireBytes(algorithm, [64], Buffer.alloc(64, 1));

      let asked = 0;
      for (const damaged of damagedForms(blob)) {
        const shown = [algorithm, [damaged.length], damaged] as const;
        expect(await ask(client, send.authMethod('publickey', 0, ...shown))).toBe(FAILURE);
        expect(await ask(client, send.authMethod('publickey', 1, ...shown, [wrong.length], wrong))).toBe(FAILURE);
        asked += 2;
      }
      expect(asked).toBeGreaterThan(80);
      expect(outcomesOf(events)).toEqual(Array.from({ length: asked }, () => 'denied'));
      expect(errorsOf(events)).toEqual([]);

      // It is the damage that was refused.
      expect(await ask(client, send.authMethod('publickey', 0, algorithm, [blob.length], blob))).toBe(OFFER_ACCEPTED);
    },
  );
});

describe('damaged signatures', () => {
  it('are refused, each with an event, and the whole one lets in', async () => {
    const key = makeWireKey();
    const { server, events } = await start(
      [decide('SSHUserAuthRequest', grantPublicKey(`ssh-ed25519 ${key.blob.toString('base64')}\n`))],
      { limits },
    );
    const client = await begin(await connect(server));
    const { sessionId } = client;
    const head = send.authMethod('publickey', 1, 'ssh-ed25519', [key.blob.length], key.blob);
    const signature = key.sign(Buffer.concat([wireBytes([sessionId.length], sessionId), head]));
    const signed = (bytes: Buffer): Buffer => Buffer.concat([head, wireBytes([bytes.length], bytes)]);

    let asked = 0;
    for (const damaged of damagedForms(signature)) {
      expect(await ask(client, signed(damaged))).toBe(FAILURE);
      asked += 1;
    }
    expect(events.filter((event) => event.type === 'SSHUserAuthRequest')).toMatchObject(
      Array.from({ length: asked }, () => ({ method: 'publickey', stage: 'refuted' })),
    );
    expect(await ask(client, signed(signature))).toBe(SUCCESS);
    expect(outcomesOf(events)).toEqual([...Array.from({ length: asked }, () => 'denied'), 'granted']);
    expect(errorsOf(events)).toEqual([]);
  });
});
