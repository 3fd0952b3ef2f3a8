/** What `rxsshd --help` prints. */
export const USAGE = `Usage: rxsshd policies <module> [--json]
       rxsshd --help | --version

Commands:
  policies <module>  Prints which policies decide each type of request, in the order in which they are asked.

The default export of <module>, or its export named "server", is what createServer takes, or a server, or a promise of
either, or a function that returns one of these. The server is built and shut down; it never listens.

Options:
  --json         Prints JSON: under each type of request its policies, with order, phase and source
  -h, --help     Prints this text
  -v, --version  Prints the version of rxsshd

Exit status: 0 if all is well, 1 if the module cannot be loaded or its server cannot be built, 2 for a command line that
makes no sense.

A module in TypeScript needs a loader: NODE_OPTIONS='--import tsx' rxsshd policies server.ts
`;
