import { inspect } from 'node:util';

import type { ClientStep } from '../simulation/client-action.js';

/** A step that a client of a history may take, and how it is written in a test. */
export interface HistoryStep {
  /** The letter that it would like to have in a marble diagram. */
  readonly letter: string;
  /** The expression that makes `step`. */
  readonly code: string;
  readonly step: ClientStep;
  /** What the code does not tell. */
  readonly note?: string;
}

/** A step, and how long after the one before. */
export interface HistoryMove extends HistoryStep {
  /** Milliseconds beside the one that every marble takes; `together` is at the same time. */
  readonly pause: number | 'together';
}

/** A string as it is written in a test. */
export const literal = (text: string): string => inspect(text, { maxStringLength: null, breakLength: Infinity });

/** Bytes as they are written in a test. */
export const bytesLiteral = (bytes: Uint8Array): string =>
  `Buffer.from('${Buffer.from(bytes).toString('hex')}', 'hex')`;
