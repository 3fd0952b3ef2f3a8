/** Whether a failure of a resolver only says that there is no such name or address. */
export const isNameAbsent = (failure: unknown): boolean =>
  failure instanceof Error && 'code' in failure && (failure.code === 'ENOTFOUND' || failure.code === 'ENODATA');
