import { connect } from 'node:net';

/** How long an agent may keep silent, in milliseconds. It may ask its owner, so this is no short time. */
const SILENCE_MS = 30_000;
/** As OpenSSH has it. */
const MAX_REPLY_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;

/**
 * Sends one request to an ssh-agent (draft-ietf-sshm-ssh-agent) over a connection of its own, and reads the reply.
 *
 * @param socketPath - The Unix socket, or the named pipe on Windows
 * @param request - What stands behind the length, type included
 * @returns the reply without its length; a copy
 */
export function exchangeWithAgent(socketPath: string, request: Buffer, signal?: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    const chunks: Buffer[] = [];
    let received = 0;
    const end = (settle: () => void): void => {
      socket.destroy();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (error: Error): void => {
      end(() => {
        reject(error);
      });
    };
    const onAbort = (): void => {
      fail(new Error('nobody waits for the agent any more'));
    };
    // Kept to the end of the socket: errors may follow.
    socket.on('error', fail);
    socket.on('close', () => {
      fail(new Error('the agent closed the connection without an answer'));
    });
    socket.setTimeout(SILENCE_MS, () => {
      fail(new Error('the agent does not answer'));
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      const reply = Buffer.concat(chunks);
      if (received < LENGTH_BYTES) return;
      const length = reply.readUInt32BE(0);
      if (length === 0 || length > MAX_REPLY_BYTES) fail(new Error('the agent answers with what is no message'));
      else if (received >= LENGTH_BYTES + length) {
        end(() => {
          resolve(reply.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
        });
      }
    });
    if (signal?.aborted === true) onAbort();
    else {
      signal?.addEventListener('abort', onAbort);
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(request.length);
      socket.write(Buffer.concat([length, request]));
    }
  });
}
