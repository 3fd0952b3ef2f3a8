/** The largest block whose end makes glibc adapt, 32 MiB on 64-bit machines, less room for its own header. */
const LARGEST = 31 * 1024 * 1024;

let asked = false;

/**
 * Keeps memory that was freed with the process instead of handing it back to the system, up to twice {@link LARGEST}.
 *
 * Every read of a socket takes a block of 64 KiB, and the collector frees a few hundred of them at once. glibc then returns
 * what lies at the end of its heap, and the next blocks are page faults again: 100,000 of them a GiB, a quarter of the CPU
 * of an upload, in some processes and not in others, by chance of what lies at that end. When a block of its own mapping
 * is freed, glibc takes that size for usual and raises both its thresholds (`M_MMAP_THRESHOLD` in mallopt(3)): so one
 * block is made and dropped. It is never written to and takes no memory. Other allocators do not care.
 *
 * `MALLOC_TRIM_THRESHOLD_` in the environment of the process takes precedence.
 */
export function keepFreedMemory(): void {
  if (asked) return;
  asked = true;
  Buffer.allocUnsafeSlow(LARGEST);
}
