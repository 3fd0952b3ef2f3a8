import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { startTls } from '../src/start-tls.js';

/** ExtendedResponse to message 1: result 0, no name, no sentence. */
const SUCCESS = Buffer.from('300c02010178070a010004000400', 'hex');

/** Whether TLS may begin on a connection whose directory answers the request with `answer`, and what was asked. */
async function ask(answer: (directory: Socket) => void) {
  let request = Buffer.alloc(0);
  const server = createServer((directory) => {
    directory
      .on('error', () => undefined)
      .once('data', (block) => {
        request = block;
        answer(directory);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on TCP.
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const outcome = await startTls(socket).then(
    () => 'begins',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const listeners = ['readable', 'end', 'close'].flatMap((event) => socket.listeners(event));
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return { outcome, request, listeners };
}

const says =
  (...blocks: readonly Buffer[]) =>
  (directory: Socket): void => {
    directory.setNoDelay(true);
    for (const block of blocks) directory.write(block);
  };

describe('startTls', () => {
  it('asks for StartTLS, begins once the directory agrees, and lets go of the connection', async () => {
    const { outcome, request, listeners } = await ask(says(SUCCESS));

    expect(outcome).toBe('begins');
    expect(request.toString('latin1')).toMatch(/1\.3\.6\.1\.4\.1\.1466\.20037$/);
    expect(listeners.filter(({ name }) => ['settle', 'onReadable', 'onEnd'].includes(name))).toEqual([]);
  });

  it('takes the answer in pieces', async () => {
    expect(await ask(says(...[...SUCCESS].map((byte) => Buffer.of(byte))))).toMatchObject({ outcome: 'begins' });
  });

  it('takes the long form of lengths', async () => {
    const long = Buffer.from('30840000000c02010178070a010004000400', 'hex');

    expect(await ask(says(long))).toMatchObject({ outcome: 'begins' });
  });

  it.each([
    ['a refusal', Buffer.from('300c02010178070a010204000400', 'hex'), /refuses to start TLS/],
    ['another message', Buffer.from('300c02010278070a010004000400', 'hex'), /refuses to start TLS/],
    ['another kind of answer', Buffer.from('300c02010161070a010004000400', 'hex'), /refuses to start TLS/],
    ['something else', Buffer.from('HTTP/1.1 400'), /too long/],
    ['an endless answer', Buffer.from('30847fffffff', 'hex'), /too long/],
    ['an endless length', Buffer.from('3085ffffffffff', 'hex'), /too long/],
  ])('does not begin after %s', async (_title, answer, message) => {
    expect((await ask(says(answer))).outcome).toMatch(message);
  });

  it('does not begin with plain bytes behind the answer, which could be the beginning of another one', async () => {
    const bindSuccess = Buffer.from('30500201036105', 'hex');

    expect(await ask(says(Buffer.concat([SUCCESS, bindSuccess])))).toMatchObject({
      outcome: 'there is plain data behind the answer to StartTLS',
    });
  });

  it('does not begin if the directory leaves', async () => {
    const { outcome } = await ask((directory) => directory.end(SUCCESS.subarray(0, 5)));

    expect(outcome).toMatch(/closed the connection/);
  });

  it('settles for any answer, and begins only for a success', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(SUCCESS.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
        const answer = Buffer.from(SUCCESS);
        answer[at] = byte;
        const { outcome } = await ask((directory) => directory.end(answer));

        // The name and the sentence behind the result, and how the lengths around it add up, may say what they like.
        if (at < 10 && byte !== SUCCESS[at] && ![1, 6].includes(at)) expect(outcome).not.toBe('begins');
      }),
      { numRuns: 60 },
    );
  });
});
