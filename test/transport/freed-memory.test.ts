import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Under glibc a block above its threshold gets a mapping of its own; below, it comes from the heap, which then grows. */
const HEAP_GROWTH = `
import { readFileSync } from 'node:fs';
const heapMiB = () => {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) .*\\[heap\\]$/mu.exec(readFileSync('/proc/self/maps', 'latin1'));
  return (parseInt(to, 16) - parseInt(from, 16)) / 2 ** 20;
};
globalThis.gc();
// Blocks are freed by a thread of the collector; the next collection waits for it.
globalThis.gc();
const before = heapMiB();
globalThis.kept = Buffer.allocUnsafeSlow(20 * 2 ** 20);
console.log(Math.round(heapMiB() - before));
`;

function heapGrowthAfter(preparation: string): number {
  const program = `${preparation}\n${HEAP_GROWTH}`;
  const flags = ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval'];
  return Number(execFileSync(process.execPath, [...flags, program], { encoding: 'utf8' }));
}

function isGlibc(): boolean {
  const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return process.platform === 'linux' && header.glibcVersionRuntime !== undefined;
}

const title = isGlibc() ? 'keepFreedMemory' : 'keepFreedMemory (skipped, not installed: glibc)';

describe.skipIf(!isGlibc())(title, () => {
  it('makes glibc serve large blocks from its heap, which it then trims no more at every collection', () => {
    const keep = `import { keepFreedMemory } from './src/transport/freed-memory.ts'; keepFreedMemory();`;

    expect(heapGrowthAfter('')).toBe(0);
    expect(heapGrowthAfter(keep)).toBe(20);
  });
});
