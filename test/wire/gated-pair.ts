import { Duplex } from 'node:stream';

/** A byte stream between two programs whose `near` end can be told to take nothing any more. */
export interface GatedPair {
  /** The client's end. */
  readonly near: Duplex;
  /** The server's end. */
  readonly far: Duplex;
  /** From now on what the server writes stays with the server. */
  stopReading(): void;
  /** What was held back goes on its way, and all that follows. */
  readAgain(): void;
}

type Done = (error?: Error | null) => void;

/** Makes a {@link GatedPair}. `farHighWaterMark` is that of the server's end, in bytes; default 16 KiB. */
export function gatedPair({ farHighWaterMark = 16 * 1024 }: { readonly farHighWaterMark?: number } = {}): GatedPair {
  let reads = true;
  let held: (() => void) | undefined;
  const end = (other: () => Duplex, gate: (pass: () => void) => void, highWaterMark: number): Duplex =>
    new Duplex({
      highWaterMark,
      allowHalfOpen: true,
      read: () => undefined,
      writev: (chunks: readonly { readonly chunk: Buffer }[], done: Done) => {
        gate(() => {
          other().push(Buffer.concat(chunks.map(({ chunk }) => chunk)));
          setImmediate(done);
        });
      },
      final: (done) => {
        gate(() => {
          other().push(null);
          done();
        });
      },
      destroy: (error, done) => {
        const peer = other();
        setImmediate(() => {
          if (!peer.destroyed) peer.destroy();
        });
        done(error);
      },
    });
  const near: Duplex = end(
    () => far,
    (pass) => {
      pass();
    },
    16 * 1024,
  );
  const far: Duplex = end(
    () => near,
    (pass) => {
      if (reads) pass();
      else held = pass;
    },
    farHighWaterMark,
  );
  return {
    near,
    far,
    stopReading: () => {
      reads = false;
    },
    readAgain: () => {
      reads = true;
      held?.();
      held = undefined;
    },
  };
}
