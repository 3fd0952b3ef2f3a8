import { loadMlKem } from './engine/ml-kem.js';
import { engineReady } from './engine/ssh2-internals.js';
import { keepFreedMemory } from './freed-memory.js';

/** Resolves once a {@link Transport} can be made. Await it before the first connection. */
export async function transportReady(): Promise<void> {
  keepFreedMemory();
  await Promise.all([engineReady, loadMlKem()]);
}
