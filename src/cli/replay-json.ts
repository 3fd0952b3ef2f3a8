import type { ReplayReport } from '../testing/replay/replay-report.js';
import { whatWasAsked } from './replay-text.js';

/** What a replay comes to, as JSON: the report, with what was asked in a few words. Ends with a line feed. */
export function replayJson({ changes, ...report }: ReplayReport): string {
  const told = changes.map(({ request, ...change }) => ({ ...change, request: whatWasAsked(request) }));
  return `${JSON.stringify({ ...report, changes: told }, undefined, 2)}\n`;
}
