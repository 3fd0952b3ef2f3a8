import path from 'node:path';

import type { RecordingFiles } from '../../recording/recording-files.js';
import type { FakeScript, ScriptedFake } from './fake-script.js';
import { ScriptedCalls } from './scripted-calls.js';
import { systemError } from './system-error.js';

/** How {@link fakeFiles} behave. */
export interface FakeFilesOptions extends FakeScript {
  /** How many bytes the disk holds. What is beyond fails with `ENOSPC`, the part that fits written. Default no limit. */
  readonly capacityBytes?: number;
}

/** A disk in memory that can be slow, full and broken. */
export interface FakeFiles extends RecordingFiles, ScriptedFake {
  /** The files that exist, sorted by path. */
  readonly paths: readonly string[];
  /** Files that are open for writing. */
  readonly openPaths: readonly string[];
  /** Bytes in all files. */
  readonly usedBytes: number;
  /** How many bytes the disk holds; may be changed at any time. */
  capacityBytes: number;
  /** What a file holds, as UTF-8. @throws Error with the code `ENOENT` if there is none */
  text(file: string): string;
}

interface StoredFile {
  readonly pieces: Uint8Array[];
  size: number;
  open: boolean;
}

/**
 * The files of a recording, in memory. Methods are `list`, `create` and `remove`, and of a file `append` and `close`, each called
 * with the path first.
 *
 * @example
 * ```ts
 * const files = fakeFiles({ capacityBytes: 64 * 1024, latencyMs: 5 });
 * files.capacityBytes = 0;
 * const line = files.paths.map((path) => files.text(path)).join('');
 * ```
 *
 * @throws TypeError if the script cannot be read
 */
export function fakeFiles({ capacityBytes = Infinity, ...script }: FakeFilesOptions = {}): FakeFiles {
  const scripted = new ScriptedCalls(script);
  const stored = new Map<string, StoredFile>();
  const used = (): number => [...stored.values()].reduce((sum, { size }) => sum + size, 0);

  const files: FakeFiles = {
    calls: scripted.calls,
    fail: scripted.fail,
    recover: scripted.recover,
    capacityBytes,
    get paths() {
      return [...stored.keys()].sort();
    },
    get openPaths() {
      return [...stored].flatMap(([name, { open }]) => (open ? [name] : [])).sort();
    },
    get usedBytes() {
      return used();
    },
    text: (file) => {
      const it = stored.get(path.normalize(file));
      if (it === undefined) throw systemError('ENOENT');
      return Buffer.concat(it.pieces).toString();
    },

    list: (folder) =>
      scripted.promise('list', [folder], () =>
        files.paths.filter((it) => path.dirname(it) === path.normalize(folder)).map((it) => path.basename(it)),
      ),
    create: (file) =>
      scripted.promise('create', [file], () => {
        const name = path.normalize(file);
        if (stored.has(name)) throw systemError('EEXIST');
        const it: StoredFile = { pieces: [], size: 0, open: true };
        stored.set(name, it);
        return {
          append: (bytes) =>
            scripted.promise('append', [file, bytes], () => {
              if (!it.open) throw systemError('EBADF');
              const room = Math.max(0, files.capacityBytes - used());
              // As a disk does that fills up in the middle. Copied, since the writer may use its memory again.
              const written = Uint8Array.from(bytes.subarray(0, room));
              it.pieces.push(written);
              it.size += written.length;
              if (written.length < bytes.length) throw systemError('ENOSPC');
            }),
          close: () =>
            scripted.promise('close', [file], () => {
              if (!it.open) throw systemError('EBADF');
              it.open = false;
            }),
        };
      }),
    remove: (file) =>
      scripted.promise('remove', [file], () => {
        if (!stored.delete(path.normalize(file))) throw systemError('ENOENT');
      }),
  };
  return files;
}
