/** What `rxsshd --help` prints. */
export const USAGE = `Usage: rxsshd policies <module> [--json]
       rxsshd replay <recording> <module> [--json] [--exit-code]
       rxsshd --help | --version

Commands:
  policies <module>            Prints which policies decide each type of request, in the order in which they are asked.
  replay <recording> <module>  Decides again what was recorded with record(), and prints each decision that comes out
                               otherwise, with the numbers of changes by policy, by the client's address and by user.

The default export of <module>, or its export named "server", is what createServer takes, or a server, or a promise of
either, or a function that returns one of these. The server is built and shut down; it never listens, and in a replay
nothing that it grants is run, and counters are kept in memory. A replay builds the server itself, so it takes no server that is built already; it needs the
package @sinonjs/fake-timers.

Options:
  --json         Prints JSON: of policies, under each type of request, order, phase and source; of a replay, the report
  --exit-code    Exits with 1 if a decision of the replay comes out otherwise
  -h, --help     Prints this text
  -v, --version  Prints the version of rxsshd

Exit status: 0 if all is well, 1 if the module cannot be loaded or its server cannot be built, or the recording cannot be
read, 2 for a command line that makes no sense.

A module in TypeScript needs a loader: NODE_OPTIONS='--import tsx' rxsshd policies server.ts
`;
