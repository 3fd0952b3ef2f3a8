import { expect, it } from 'vitest';

import { isExitReport } from '../../../src/handlers/sessions/exit-report.js';

it('a report whose message is no text is refused before it is sent', () => {
  expect(isExitReport({ exitSignal: 'TERM', message: 'stopped' })).toBe(true);
  expect(isExitReport({ exitSignal: 'TERM', message: undefined })).toBe(true);
  expect(isExitReport({ exitSignal: 'TERM', message: 4711 })).toBe(false);
});
