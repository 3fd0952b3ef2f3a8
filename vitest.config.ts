import { defineConfig } from 'vitest/config';

import { SkippedByName } from './test/support/skipped-by-name.js';

export default defineConfig({
  // The same as in tsconfig.json, said again: Vite reads it there only for files that tsconfig includes.
  oxc: { decorator: { legacy: true } },
  resolve: { tsconfigPaths: true },
  test: {
    reporters: ['default', new SkippedByName()],
    coverage: { provider: 'v8', include: ['src/**/*.ts', 'plugins/*/src/**/*.ts'], reportsDirectory: 'coverage' },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts', 'plugins/*/test/**/*.test.ts'],
          exclude: ['test/clients/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Other people's programs against `npm start`: one file at a time, after everything that is quick to fail.
        extends: true,
        test: {
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
