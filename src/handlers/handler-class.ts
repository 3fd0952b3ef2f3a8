/** A class decorated with `@SshHandler()`. `never` arguments: the container builds it, nobody calls it with `new`. */
export type HandlerClass = new (...args: never) => object;
