/** How many frames of a caller's stack are worth reading. */
const SHOWN = 4;

/** As much of the stack as it takes to get through the operators of RxJS. */
const DEPTH = 60;

/** Frames that tell nobody where something was set up: of Node, of RxJS and of the check itself. */
const NOISE = /node:|[\\/]node_modules[\\/](?:rxjs|@sinonjs)[\\/]|[\\/]testing[\\/](?:leak-check|simulation)[\\/]/;

/** Where the caller was called from, as lines of a stack; empty if there is nothing but libraries. */
export function callPlace(): string {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = usual;
  return stack
    .split('\n')
    .filter((line) => /^\s*at /.test(line) && !NOISE.test(line))
    .slice(0, SHOWN)
    .map((line) => line.trim())
    .join('\n');
}
