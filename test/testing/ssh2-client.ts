import { Client, type ConnectConfig } from 'ssh2';

/** A real client, once it has signed in; by the password `right` if nothing else is said. */
export function connectClient(config: ConnectConfig): Promise<Client> {
  const client = new Client();
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.once('ready', () => {
      resolve(client);
    });
    client.connect({ username: 'ann', password: 'right', ...config });
  });
}

/** Settles once the client is closed. */
export const endOf = (client: Client): Promise<void> =>
  new Promise((resolve) => {
    client.once('close', () => {
      resolve();
    });
  });
