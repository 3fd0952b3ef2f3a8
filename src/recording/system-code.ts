/** The code of an error of the operating system, such as `ENOSPC`; undefined for any other. */
export const systemCodeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
