import type { Subscription } from 'rxjs';
import type { SshServer } from 'rxsshd';

/** Writes a line for every decision, for what policies in shadow mode would have decided, and for what was taken back. */
export function audit({ events }: SshServer, write: (line: string) => void): Subscription {
  const subscription = events.Decided.subscribe((decided) => {
    const { connection, request, by, source } = decided;
    const why =
      decided.outcome === 'denied'
        ? `: ${decided.reason}`
        : decided.outcome === 'revoked'
          ? `: ${decided.message}`
          : '';
    write(`${connection.remoteAddress} ${request.type} ${decided.outcome} by ${by} (${source})${why}`);
  });
  subscription.add(
    events.ShadowDecided.subscribe(({ connection, request, by, outcome, reason = '' }) => {
      write(`${connection.remoteAddress} ${request.type} would be ${outcome} by ${by} ${reason}`.trimEnd());
    }),
  );
  subscription.add(
    events.Disconnected.subscribe(({ connection, description, revoked }) => {
      write(`${connection.remoteAddress} ended: ${revoked === undefined ? description : revoked.message}`);
    }),
  );
  return subscription;
}
