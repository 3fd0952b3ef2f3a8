/** What went wrong, without the class name that `String(error)` adds at every level it passes. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
