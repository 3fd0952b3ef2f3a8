import type { Reporter, TestModule } from 'vitest/node';

import { NOT_INSTALLED } from './requires.js';

/**
 * Lists, after a run, the suites that were skipped because a program is missing. Vitest counts skipped tests, but its
 * summary does not say which they are.
 */
export class SkippedByName implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const { children, relativeModuleId } of modules) {
      for (const suite of children.suites()) {
        if (suite.name.includes(NOT_INSTALLED)) console.warn(`  ${relativeModuleId}: ${suite.name}`);
      }
    }
  }
}
