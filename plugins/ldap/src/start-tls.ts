import type { Socket } from 'node:net';

/** An ExtendedRequest with message number 1 and the name of StartTLS, 1.3.6.1.4.1.1466.20037 (RFC 4511 section 4.14). */
const REQUEST = Buffer.from('301d02010177188016312e332e362e312e342e312e313436362e3230303337', 'hex');

/** More than any answer to it has: a result, a name, a sentence. */
const MAX_ANSWER = 4096;

/**
 * Asks for TLS on a connection on which nothing else was sent. Afterwards the bytes that come are those of TLS.
 *
 * By hand, because a client of LDAP keeps what it has not read yet: whoever sits in between could put the beginning of an answer
 * behind the plain one, which would then count as part of the first answer inside TLS.
 *
 * @throws Error, as a rejection, if the directory will not, or anything comes behind its answer
 */
export function startTls(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (error?: Error): void => {
      socket.off('readable', onReadable).off('error', settle).off('end', onEnd).off('close', onEnd);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onEnd = (): void => {
      settle(new Error('the directory closed the connection instead of starting TLS'));
    };
    const onReadable = (): void => {
      const block = socket.read() as Buffer | null;
      if (block === null) return;
      received = Buffer.concat([received, block]);
      const length = lengthOf(received);
      if (length !== undefined && length > MAX_ANSWER) settle(new Error('the answer to StartTLS is too long'));
      else if (length === undefined || received.length < length) return;
      else if (received.length > length) settle(new Error('there is plain data behind the answer to StartTLS'));
      else settle(isSuccess(received) ? undefined : new Error('the directory refuses to start TLS'));
    };
    socket.on('readable', onReadable).once('error', settle).once('end', onEnd).once('close', onEnd);
    socket.write(REQUEST);
  });
}

/** The length of the element that begins here, with its header; undefined if that has not arrived; Infinity if it is none. */
function lengthOf(bytes: Buffer): number | undefined {
  const [tag, short] = bytes;
  if (tag !== undefined && tag !== 0x30) return Infinity;
  if (short === undefined) return undefined;
  if (short < 0x80) return 2 + short;
  const digits = short - 0x80;
  if (digits < 1 || digits > 4) return Infinity;
  return bytes.length < 2 + digits ? undefined : 2 + digits + bytes.readUIntBE(2, digits);
}

/** Whether it is an ExtendedResponse to message 1 with the result 0. */
function isSuccess(answer: Buffer): boolean {
  const content = answer.subarray(headerLength(answer));
  if (!content.subarray(0, 4).equals(Buffer.from([0x02, 0x01, 0x01, 0x78]))) return false;
  const response = content.subarray(3);
  const result = response.subarray(headerLength(response));
  return result.subarray(0, 3).equals(Buffer.from([0x0a, 0x01, 0x00]));
}

const headerLength = (element: Buffer): number => {
  const short = element[1] ?? 0;
  return short < 0x80 ? 2 : 2 + (short - 0x80);
};
