import { mkdir, open, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';

import type { RecordingFiles } from './recording-files.js';
import { systemCodeOf } from './system-code.js';

/** The files of this machine. Recordings name users and commands, so they are readable to their owner alone. */
export const systemRecordingFiles: RecordingFiles = {
  list: async (folder) => {
    try {
      return await readdir(folder);
    } catch (cause) {
      if (systemCodeOf(cause) === 'ENOENT') return [];
      throw cause;
    }
  },

  create: async (file) => {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'ax', 0o600);
    return {
      append: (bytes) => handle.appendFile(bytes),
      close: async () => {
        try {
          await handle.datasync();
        } finally {
          await handle.close();
        }
      },
    };
  },

  remove: unlink,
};
