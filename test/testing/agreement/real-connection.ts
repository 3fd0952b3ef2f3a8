import type { ClientOutcome, ClientStep } from '../../../src/testing/index.js';

/** Told of what a real client's connection learns and hears. */
export interface ClientEars {
  learn(outcome: ClientOutcome): void;
  /** Channels count from 1. */
  hear(channel: number, stream: 'stdout' | 'stderr', data: Buffer): void;
}

/** One connection of a real client. */
export interface RealConnection {
  /** Does what the steps say, as this kind of client does it. @throws Error if it cannot */
  take(steps: readonly ClientStep[]): void;
  /** Gives up whatever is left. */
  destroy(): void;
}

/** Sees through the wrappings that say when and where. @returns the step and the channel it is for, counted from 1 */
export function unwrapped(
  step: ClientStep,
  ordinal?: number,
): { readonly step: ClientStep; readonly ordinal?: number } {
  if ('action' in step && step.action === 'atOnce') return unwrapped(step.step, ordinal);
  if ('action' in step && step.action === 'onChannel') return unwrapped(step.step, step.ordinal);
  return ordinal === undefined ? { step } : { step, ordinal };
}

/** What a scenario asks of a client that has no way to do it. */
export const cannot = (client: string, step: ClientStep): Error =>
  new Error(`${client} has no way to do this: ${'action' in step ? step.action : step.type}`);
