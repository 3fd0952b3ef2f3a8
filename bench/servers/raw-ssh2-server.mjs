/**
 * The anchor of the comparison: a server on plain `ssh2`, as an application programmer writes it from the README of that
 * package, plus the one call (`setNoDelay`) without which every latency figure would show Nagle's algorithm instead.
 *
 * A plain module, not TypeScript: it has to run in the same bare Node process as the compiled server it is compared
 * with, without a loader's memory and hooks.
 *
 * Environment: HOST_KEY (private key file), AUTHORIZED_KEY (one public key, as text).
 */
import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ssh2 from 'ssh2';

const CHUNK = Buffer.alloc(64 * 1024);
const allowedUser = Buffer.from('demo');
const allowedPassword = Buffer.from('demo');
const allowedKey = publicKey(process.env.AUTHORIZED_KEY ?? '');

/** @type {(text: string) => import('ssh2').ParsedKey} */
function publicKey(text) {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

/** @type {(input: Buffer, allowed: Buffer) => boolean} */
function equal(input, allowed) {
  // Compares something of the right length in any case, so that time does not tell the length.
  return timingSafeEqual(input.length === allowed.length ? input : allowed, allowed) && input.length === allowed.length;
}

/** @type {(context: import('ssh2').AuthContext) => boolean} */
function isAllowed(context) {
  if (!equal(Buffer.from(context.username), allowedUser)) return false;
  switch (context.method) {
    case 'password':
      return equal(Buffer.from(context.password), allowedPassword);
    case 'publickey':
      if (context.key.algo !== allowedKey.type || !equal(context.key.data, allowedKey.getPublicSSH())) return false;
      // Without a signature the client only asks whether the key would do; ssh2 answers that itself.
      return !context.signature || allowedKey.verify(context.blob, context.signature, context.hashAlgo) === true;
    default:
      return false;
  }
}

/** @type {(stream: import('ssh2').ServerChannel, status: number) => void} */
function finish(stream, status) {
  stream.exit(status);
  stream.end();
}

/** @type {(stream: import('ssh2').ServerChannel, bytes: number) => void} */
function source(stream, bytes) {
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= chunk.length;
      if (!stream.write(chunk)) {
        stream.once('drain', more);
        return;
      }
    }
    finish(stream, 0);
  };
  more();
}

/** @type {(stream: import('ssh2').ServerChannel, command: string) => void} */
function execute(stream, command) {
  const [word, argument] = command.split(' ');
  switch (word) {
    case 'true':
      return finish(stream, 0);
    case 'exit':
      return finish(stream, Number(argument));
    case 'sink':
      return void stream.on('end', () => finish(stream, 0)).resume();
    case 'source':
      return source(stream, Number(argument));
    case 'cat':
      return void stream.on('end', () => finish(stream, 0)).pipe(stream, { end: false });
    default:
      return finish(stream, 127);
  }
}

const server = new ssh2.Server({ hostKeys: [readFileSync(process.env.HOST_KEY ?? '')] }, (client) => {
  client.setNoDelay(true);
  client.on('authentication', (context) => (isAllowed(context) ? context.accept() : context.reject()));
  client.on('session', (acceptSession) => {
    acceptSession().on('exec', (acceptExec, _reject, { command }) => execute(acceptExec(), command));
  });
  // A client that hangs up is an everyday event, and without a listener it would end the process.
  client.on('error', () => {});
});

server.listen(0, '127.0.0.1', () => console.log(`listening on ssh://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
