import { match } from 'node:assert/strict';
import { once } from 'node:events';

import { createServer, generateHostKey } from 'rxsshd';
import { loopback } from 'rxsshd/testing';
import { it } from 'vitest';

import { house } from './house.js';

it('says who it is before it is asked, to a client without a port', async () => {
  const { hostKey } = await generateHostKey();
  await using server = await createServer({ hostKeys: [hostKey], handlers: house });
  // Give this stream to any SSH client that takes one; here the first line is all that is read.
  await using stream = loopback(server);
  stream.setEncoding('utf8');
  const [greeting] = (await once(stream, 'data')) as [string];

  match(greeting, /^SSH-2\.0-\S+\r\n/);
});
