import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { beforeAll, describe, expect, it } from 'vitest';

import { generateHostKey } from '../../src/index.js';
import { ALGORITHM_PRESETS } from '../../src/transport/algorithm-presets.js';
import { encodeOffer } from '../../src/transport/encode-offer.js';
import {
  type EngineHeader,
  type EngineHostKey,
  type EngineKeyExchange,
  type EngineNegotiated,
  type EngineProtocol,
  engineReady,
  KexInit,
  nativeCiphers,
  Protocol,
  sendPacket,
} from '../../src/transport/engine/ssh2-internals.js';
import { speedUpX25519 } from '../../src/transport/engine/x25519.js';
import { engineHostKey } from '../../src/transport/host-keys/engine-host-key.js';
import { transportReady } from '../../src/transport/transport-ready.js';
import { kexInit, plainPacket } from '../support/wire-client-packets.js';
import { wireBytes } from '../support/wire-bytes.js';

/*
 * What `src/transport/engine` relies on, point by point. A new version of ssh2 that changes any of it fails here, with a
 * name, and not in production. Checks of the wire behaviour are in test/wire.
 */

const load = createRequire(import.meta.url);

/** The engine as the client, to talk to; its types are the server's where they are the same. */
const Client = Protocol as unknown as new (config: object) => EngineProtocol;

let hostKey: EngineHostKey;

beforeAll(async () => {
  await transportReady();
  hostKey = engineHostKey((await generateHostKey()).hostKey, 'ssh-ed25519');
});

interface Harness {
  readonly server: EngineProtocol;
  readonly client: EngineProtocol;
  /** What happened at the server, in order. */
  readonly log: string[];
  readonly headers: EngineHeader[];
  readonly negotiated: EngineNegotiated[];
  /** Message numbers that the server's engine handed over. */
  readonly received: number[];
  /** Message numbers that the client's engine handed over. */
  readonly clientReceived: number[];
  /** Chunks that the server has written. */
  readonly written: Buffer[];
  /** Lets the bytes flow until none are left. */
  readonly run: () => void;
  /** Gives the server bytes as if they came from the network. */
  readonly feed: (chunk: Buffer) => void;
}

interface HarnessOptions {
  readonly ciphers?: readonly string[];
  readonly clientKeyExchange?: readonly string[];
  readonly inHeader?: (server: EngineProtocol) => void;
  readonly onPayload?: (payload: Buffer) => number | false | undefined;
}

function harness(options: HarnessOptions = {}): Harness {
  const { ciphers = ['aes128-gcm@openssh.com'], clientKeyExchange = ['curve25519-sha256'], onPayload } = options;
  const log: string[] = [];
  const headers: EngineHeader[] = [];
  const negotiated: EngineNegotiated[] = [];
  const received: number[] = [];
  const clientReceived: number[] = [];
  const written: Buffer[] = [];
  const toClient: Buffer[] = [];
  const toServer: Buffer[] = [];
  const server = new Protocol({
    server: true,
    hostKeys: { 'ssh-ed25519': hostKey },
    offer: encodeOffer({ ...ALGORITHM_PRESETS.compatible, hostKeys: ['ssh-ed25519'] }),
    ident: Buffer.from('contract'),
    messageHandlers: {},
    onWrite: (data) => {
      written.push(Buffer.from(data));
      toClient.push(Buffer.from(data));
    },
    onError: (error) => {
      log.push(`error: ${error.message}; ${server._destruct === undefined ? 'dead' : 'alive'}`);
    },
    onHeader: (header) => {
      log.push(`header; ${String(written.length)} written`);
      headers.push(header);
      options.inHeader?.(server);
    },
    onHandshakeComplete: (it) => {
      log.push('handshake');
      negotiated.push(it);
    },
  });
  const original = server._onPayload;
  server._onPayload = (payload) => {
    received.push(payload[0] ?? -1);
    return payload[0] === 20 ? original(Buffer.from(payload)) : onPayload?.(payload);
  };
  const direction = { cipher: ciphers, mac: ['hmac-sha2-256'], compress: ['none'], lang: [] };
  const client = new Client({
    server: false,
    offer: new KexInit({
      kex: [...clientKeyExchange, 'kex-strict-c-v00@openssh.com'],
      serverHostKey: ['ssh-ed25519'],
      cs: direction,
      sc: direction,
    }),
    ident: 'client',
    messageHandlers: {},
    onWrite: (data: Buffer | string) => toServer.push(Buffer.from(data)),
    onError: (error: Error) => {
      throw error;
    },
  });
  const clientOriginal = client._onPayload;
  client._onPayload = (payload) => {
    clientReceived.push(payload[0] ?? -1);
    return payload[0] === 20 ? clientOriginal(Buffer.from(payload)) : undefined;
  };
  const run = (): void => {
    while (toServer.length > 0 || toClient.length > 0) {
      const up = toServer.splice(0);
      for (const chunk of up) server.parse(chunk, 0, chunk.length);
      const down = toClient.splice(0);
      for (const chunk of down) client.parse(chunk, 0, chunk.length);
    }
  };
  const feed = (chunk: Buffer): void => {
    server.parse(chunk, 0, chunk.length);
  };
  return { server, client, log, headers, negotiated, received, clientReceived, written, run, feed };
}

function connected(options?: HarnessOptions): Harness {
  const it = harness(options);
  it.server.start();
  it.client.start();
  it.run();
  return it;
}

/** Sends a payload as `Transport.send` does. */
function send(engine: EngineProtocol, payload: Buffer, force = false): boolean {
  const { write } = engine._packetRW;
  const start = force ? write.allocStartKEX : write.allocStart;
  const packet = write.alloc(payload.length, force);
  packet.set(payload, start);
  return sendPacket(engine, write.finalize(packet, force), force);
}

describe('the package', () => {
  it('is pinned to the one version that all this was tried with', () => {
    const read = (
      path: string,
    ): { readonly version?: string; readonly dependencies?: Readonly<Record<string, string>> } =>
      JSON.parse(readFileSync(path, 'utf8')) as { readonly version?: string };

    expect(read(load.resolve('ssh2/package.json')).version).toBe('1.17.0');
    expect(read('package.json').dependencies?.['ssh2']).toBe('1.17.0');
  });

  it('has the parts in the files where they are loaded from', () => {
    expect(Protocol).toBeTypeOf('function');
    expect(KexInit).toBeTypeOf('function');
    expect(sendPacket).toBeTypeOf('function');
    expect(engineReady).toBeInstanceOf(Promise);
    expect(nativeCiphers).toBeTypeOf('boolean');
  });
});

describe('a new engine', () => {
  it('has the methods and fields in use, of the kinds expected', () => {
    const { server } = harness();

    for (const method of [server.start, server.parse, server.rekey, server.cleanup, server.disconnect]) {
      expect(method).toBeTypeOf('function');
    }
    expect(Object.hasOwn(server, '_onPayload')).toBe(true);
    expect(server._destruct).toBeTypeOf('function');
    expect(server._kex).toBeUndefined();
    expect(server._kexinit).toBeUndefined();
    expect(server._strictMode).toBeUndefined();
    expect(server._decipher).toBeUndefined();
    expect(server._skipNextInboundPacket).toBe(false);
    expect(server._cipher.allocPacket).toBeTypeOf('function');
    expect(server._cipher.outSeqno).toBe(0);
    expect(server._offer.lists.kex.array).toEqual([
      ...ALGORITHM_PRESETS.compatible.keyExchange,
      'kex-strict-s-v00@openssh.com',
    ]);
    const { read, write } = server._packetRW;
    expect(read.read).toBeTypeOf('function');
    expect([write.allocStart, write.allocStartKEX]).toEqual([5, 5]);
  });

  it('writes nothing before start(), then its identification line alone', () => {
    const { server, written } = harness();
    expect(written).toEqual([]);

    server.start();

    expect(Buffer.concat(written).toString()).toBe('SSH-2.0-contract\r\n');
  });

  it('takes an offer that was encoded before as it is', () => {
    const { server, written, client, run } = harness();
    server.start();
    client.start();
    run();

    const kexInitPacket = written[1];
    expect(kexInitPacket?.includes('kex-strict-s-v00@openssh.com')).toBe(true);
    expect(kexInitPacket?.includes('ext-info-s')).toBe(false);
    expect(kexInitPacket?.includes('group-exchange')).toBe(false);
  });
});

describe('the identification', () => {
  it('is told before KEXINIT is sent, when the decipher is there to be watched', () => {
    let decipherInHeader: unknown;
    const { log, headers, written, received } = connected({
      inHeader: ({ _decipher, _kexinit }) => {
        decipherInHeader = { inSeqno: _decipher?.inSeqno, onPayload: typeof _decipher?._onPayload, sent: _kexinit };
      },
    });

    expect(log[0]).toBe('header; 1 written');
    expect(headers).toMatchObject([{ identRaw: 'SSH-2.0-client', versions: { protocol: '2.0', software: 'client' } }]);
    expect(decipherInHeader).toEqual({ inSeqno: 0, onPayload: 'function', sent: undefined });
    expect(written[1]?.[5]).toBe(20);
    // The first key exchange does not come through _onPayload.
    expect(received).toEqual([]);
  });

  it('of a client loses its second piece when it comes in three: the reason for IdentificationLine', () => {
    const { server, feed } = harness();
    server.start();
    feed(Buffer.from('SSH-'));
    feed(Buffer.from('2.0-'));

    expect(() => {
      feed(Buffer.from('three\r\n'));
    }).toThrow('Invalid identification string');
  });
});

describe('the first key exchange', () => {
  it('passes the decipher’s _onPayload, which can be replaced in onHeader', () => {
    const seen: number[] = [];
    const { log } = connected({
      inHeader: ({ _decipher: decipher }) => {
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          seen.push(payload[0] ?? -1);
          return engine(payload);
        };
      },
    });

    expect(seen).toEqual([20, 30, 21]);
    expect(log.at(-1)).toBe('handshake');
  });

  it('can have its EXT_INFO muted between KEXINIT and NEWKEYS', () => {
    for (const mute of [false, true]) {
      const { clientReceived } = connected({
        clientKeyExchange: ['curve25519-sha256', 'ext-info-c'],
        inHeader: (server) => {
          const decipher = server._decipher;
          if (decipher === undefined) return;
          const engine = decipher._onPayload;
          decipher._onPayload = (payload) => {
            const result = engine(payload);
            if (payload[0] === 20 && server._kex !== undefined) {
              expect(server._kex.remoteExtInfoEnabled).toBe(true);
              if (mute) server._kex.remoteExtInfoEnabled = false;
            }
            return result;
          };
        },
      });
      expect(clientReceived).toEqual(mute ? [] : [7]);
    }
  });

  it('asks the instance for public key and secret, so that both can be replaced', () => {
    const asked: string[] = [];
    const { log } = connected({
      inHeader: (server) => {
        const decipher = server._decipher;
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          const result = engine(payload);
          if (payload[0] === 20 && server._kex !== undefined) {
            const kex = server._kex;
            speedUpX25519(kex);
            const { getPublicKey, computeSecret } = kex;
            kex.getPublicKey = () => {
              asked.push('public key');
              return getPublicKey.call(kex);
            };
            kex.computeSecret = (peer) => {
              asked.push(`secret of ${String(peer.length)}`);
              return computeSecret.call(kex, peer);
            };
          }
          return result;
        };
      },
    });

    expect(log.at(-1)).toBe('handshake');
    expect(asked).toEqual(['secret of 32', 'public key']);
  });

  it('knows no hybrid method: the reason for takeKexinit', () => {
    const { server, feed } = harness();
    server.start();
    feed(Buffer.from('SSH-2.0-x\r\n'));

    expect(() => {
      feed(plainPacket(kexInit({ keyExchange: ['mlkem768x25519-sha256'] })));
    }).toThrow('Unsupported key exchange algorithm: mlkem768x25519-sha256');
  });

  it('is chosen from the arrays of the offer, which can be other ones for the time of a KEXINIT', () => {
    const { server, feed } = harness({
      inHeader: ({ _decipher: decipher }) => {
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          const { _offer: offer } = server;
          const kex = { ...offer.lists.kex, array: ['curve25519-sha256'] };
          server._offer = Object.create(offer, { lists: { value: { ...offer.lists, kex } } }) as typeof offer;
          const result = engine(payload);
          server._offer = offer;
          return result;
        };
      },
    });
    server.start();
    feed(Buffer.from('SSH-2.0-x\r\n'));
    feed(plainPacket(kexInit({ keyExchange: ['ecdh-sha2-nistp256', 'curve25519-sha256'] })));

    expect(server._kex?.negotiated.kex).toBe('curve25519-sha256');
  });

  it('sends the encoded offer while other arrays are in place, also when the client’s KEXINIT brings ours about', () => {
    const it = connected();
    const { _offer: offer } = it.server;
    const kex = { ...offer.lists.kex, array: ['curve25519-sha256'] };
    it.server._offer = Object.create(offer, { lists: { value: { ...offer.lists, kex } } }) as typeof offer;
    let sent: Buffer | undefined;
    const { write } = it.server._packetRW;
    const finalize = write.finalize.bind(write);
    write.finalize = (packet, force) => {
      // A copy: it is encrypted where it is.
      if (packet[write.allocStartKEX] === 20) sent = Buffer.from(packet);
      return finalize(packet, force);
    };
    it.client.rekey();
    it.run();

    expect(sent?.includes('mlkem768x25519-sha256')).toBe(true);
    expect(it.server._kex?.negotiated.kex).toBe('curve25519-sha256');
  });

  it('keeps the client’s KEXINIT for the exchange hash in a field that can be exchanged', () => {
    const kexinits: (Buffer | undefined)[] = [];
    const { log } = connected({
      inHeader: (server) => {
        const decipher = server._decipher;
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          const result = engine(payload);
          if (payload[0] === 20 && server._kex !== undefined) {
            kexinits.push(server._kex._remoteKexinit, payload);
            // Equal, and another one: the signature that the client checks covers it.
            server._kex._remoteKexinit = Buffer.from(payload);
          }
          return result;
        };
      },
    });

    expect(kexinits[0]).toEqual(kexinits[1]);
    expect(log.at(-1)).toBe('handshake');
  });

  it('asks convertPublicKey, computeSecret and getPublicKey of the instance, in this order', () => {
    const asked: string[] = [];
    connected({
      inHeader: (server) => {
        const decipher = server._decipher;
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          const result = engine(payload);
          const kex = server._kex;
          if (payload[0] === 20 && kex !== undefined) {
            const { convertPublicKey, computeSecret, getPublicKey } = kex;
            kex.convertPublicKey = (peer) => (asked.push('convertPublicKey'), convertPublicKey.call(kex, peer));
            kex.computeSecret = (peer) => (asked.push('computeSecret'), computeSecret.call(kex, peer));
            kex.getPublicKey = () => (asked.push('getPublicKey'), getPublicKey.call(kex));
          }
          return result;
        };
      },
    });

    // The second time for the exchange hash alone.
    expect(asked.slice(0, 3)).toEqual(['convertPublicKey', 'computeSecret', 'getPublicKey']);
  });

  it('tells what was negotiated, and leaves an engine ready for packets', () => {
    const { server, negotiated } = connected();

    expect(negotiated).toEqual([
      {
        kex: 'curve25519-sha256',
        serverHostKey: 'ssh-ed25519',
        cs: { cipher: 'aes128-gcm@openssh.com', mac: '', compress: 'none', lang: '' },
        sc: { cipher: 'aes128-gcm@openssh.com', mac: '', compress: 'none', lang: '' },
      },
    ]);
    expect(server._kex?.sessionID).toHaveLength(32);
    expect(server._kex?.negotiated).toBe(negotiated[0]);
    expect(server._kexinit).toBeUndefined();
    expect([server._kex?._sentNEWKEYS, server._kex?._receivedNEWKEYS]).toEqual([true, true]);
    expect(server._strictMode).toBe(true);
    expect(server._decipher?.inSeqno).toBe(0);
    expect(server._packetRW.write.allocStart).toBe(5);
  });

  it.each([
    ['right', ['curve25519-sha256']],
    ['wrong', ['guess@test', 'curve25519-sha256']],
  ])(
    'skips the packet behind KEXINIT even if the client guessed %s: the reason for keepRightGuess',
    (_how, keyExchange) => {
      for (const guesses of [0, 1]) {
        const { server, feed } = harness();
        server.start();
        feed(Buffer.from('SSH-2.0-x\r\n'));
        const payload = kexInit({ keyExchange });
        payload.writeUInt8(guesses, payload.length - 5);
        feed(plainPacket(payload));

        expect(server._skipNextInboundPacket).toBe(guesses === 1);
      }
    },
  );

  it('keeps its own half of X25519 in a field that can be emptied', () => {
    const { server } = connected();

    expect(server._kex?._keys).toMatchObject({
      publicKey: expect.anything() as unknown,
      privateKey: expect.anything() as unknown,
    });
  });

  it('finishes an exchange in one go, which can be left for a signature and begun again with the same outcome', () => {
    const leave = new Error('leave');
    const hashes: Buffer[] = [];
    const keyThat = (sign: EngineHostKey['sign']): EngineHostKey => ({
      ...hostKey,
      sign: (data) => {
        hashes.push(Buffer.from(data));
        return sign(data);
      },
    });
    const finishTwice = (exchange: EngineKeyExchange): void => {
      const { finish } = exchange;
      exchange.finish = () => {
        expect(exchange._hostKey).toBe(hostKey);
        exchange._hostKey = keyThat(() => {
          throw leave;
        });
        expect(() => finish.call(exchange)).toThrow(leave);
        expect(exchange._finished).toBe(true);
        exchange._finished = false;
        exchange._hostKey = keyThat((data) => hostKey.sign(data));
        finish.call(exchange);
      };
    };
    const { log } = connected({
      inHeader: (server) => {
        const { _decipher: decipher } = server;
        if (decipher === undefined) throw new Error('no decipher');
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          const result = engine(Buffer.from(payload));
          if (payload[0] === 20 && server._kex !== undefined) finishTwice(server._kex);
          return result;
        };
      },
    });

    expect(hashes).toHaveLength(2);
    expect(hashes[1]).toEqual(hashes[0]);
    expect(log.at(-1)).toBe('handshake');
  });

  it('takes keys and offer of an exchange from fields that can be replaced before it', () => {
    const it = connected();
    const shown: string[] = [];
    it.server._hostKeys = {
      'ssh-ed25519': {
        ...hostKey,
        sign: (data) => {
          shown.push('signed by the new one');
          return hostKey.sign(data);
        },
      },
    };
    it.client.rekey();
    it.run();

    expect(shown).toEqual(['signed by the new one']);
  });

  it('uses no more of a host key than its type, its public form and its signature', () => {
    const asked = new Set<string | symbol>();
    const spied = new Proxy(hostKey, {
      get: (target, name) => {
        asked.add(name);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const kept = hostKey;
    hostKey = spied;
    connected();
    hostKey = kept;

    expect([...asked].sort()).toEqual(['getPublicSSH', 'sign', 'type']);
  });
});

describe('after the handshake', () => {
  it('every payload comes to the _onPayload that was put in place before, counted already', () => {
    const counts: (number | undefined)[] = [];
    const it = connected({
      onPayload: () => {
        counts.push(it.server._decipher?.inSeqno);
        return undefined;
      },
    });
    for (const number of [2, 50, 90, 200]) send(it.client, Buffer.of(number));
    it.run();

    expect(it.received).toEqual([2, 50, 90, 200]);
    expect(counts).toEqual([1, 2, 3, 4]);
  });

  it.each([...ALGORITHM_PRESETS.compatible.ciphers])('under %s every packet sent is counted', (cipher) => {
    const { server } = connected({ ciphers: [cipher] });
    const before = server._cipher.outSeqno;
    for (const number of [90, 91, 92]) send(server, Buffer.of(number));

    expect(server._cipher.outSeqno).toBe(before + 3);
  });

  it('without compression a payload is read as it is', () => {
    const { server } = connected();
    const payload = Buffer.from('payload');

    expect(server._packetRW.read.read(payload)).toBe(payload);
  });

  it.each([...ALGORITHM_PRESETS.compatible.ciphers])('under %s Infinity stops the parser', (cipher) => {
    const it = connected({ ciphers: [cipher], onPayload: () => Infinity });
    const chunks: Buffer[] = [];
    const { client } = it;
    // What the client writes is gathered into one chunk.
    (client as unknown as { _cipher: { _onWrite: (data: Buffer) => void } })._cipher._onWrite = (data) => {
      chunks.push(Buffer.from(data));
    };
    send(client, Buffer.of(90));
    send(client, Buffer.of(91));
    it.feed(Buffer.concat(chunks));

    expect(it.received).toEqual([90]);
  });

  it.each([...ALGORITHM_PRESETS.compatible.ciphers])('under %s false hands back the rest of a chunk', (cipher) => {
    const it = connected({ ciphers: [cipher], onPayload: () => false });
    const chunks: Buffer[] = [];
    const { client, server } = it;
    // As above.
    (client as unknown as { _cipher: { _onWrite: (data: Buffer) => void } })._cipher._onWrite = (data) => {
      chunks.push(Buffer.from(data));
    };
    for (const number of [90, 91, 92]) send(client, Buffer.of(number));
    const chunk = Buffer.concat(chunks);
    const length = chunk.length / 3;

    expect(server._parse(chunk, 0, chunk.length)).toBe(length);
    expect(server._parse(chunk.subarray(length), 0, 2 * length)).toBe(length);
    // Half a packet is kept.
    expect(server._parse(chunk, 2 * length, 3 * length - 1)).toBeUndefined();
    expect(it.received).toEqual([90, 91]);
    server._parse(chunk, chunk.length - 1, chunk.length);
    expect(it.received).toEqual([90, 91, 92]);
  });

  it('a bad length is thrown', () => {
    const { feed } = connected();

    expect(() => {
      feed(Buffer.alloc(64, 0xff));
    }).toThrow('Bad packet length');
  });
});

describe('a key re-exchange', () => {
  it('comes through _onPayload as KEXINIT, and then installs a handler of its own', () => {
    const it = connected();
    const before = it.server._decipher?._onPayload;

    it.client.rekey();
    expect(it.client._kexinit).toBeInstanceOf(Buffer);
    it.run();

    expect(it.received).toEqual([20]);
    expect(it.log.filter((line) => line === 'handshake')).toHaveLength(2);
    // Back with ours, on a new decipher.
    expect(it.server._decipher?._onPayload).toBe(before);
    send(it.client, Buffer.of(90));
    it.run();
    expect(it.received).toEqual([20, 90]);
  });

  it('holds back what is sent meanwhile, and sends it in order afterwards', () => {
    const it = connected();

    it.server.rekey();
    expect(it.server._kexinit).toBeInstanceOf(Buffer);
    expect(it.server._packetRW.write.allocStart).toBe(0);
    const before = it.written.length;
    expect(send(it.server, Buffer.of(90))).toBe(false);
    expect(send(it.server, Buffer.of(91))).toBe(false);
    expect(it.written).toHaveLength(before);
    it.run();

    expect(it.clientReceived).toEqual([20, 90, 91]);
    expect(it.server._kexinit).toBeUndefined();
  });

  it('puts in a new writer before what was held back is sent by it, when the algorithms are known', () => {
    const it = connected();
    const { server } = it;
    const codecs = server._packetRW;
    const steps: string[] = [];
    let { write } = codecs;
    server._packetRW = {
      read: codecs.read,
      get write() {
        return write;
      },
      set write(writer) {
        steps.push(`writer; ${server._kex?.negotiated.sc.compress ?? ''}`);
        const finalize = writer.finalize.bind(writer);
        writer.finalize = (packet, force) => {
          steps.push(`finalize; ${server._kexinit === undefined ? 'over' : 'in the exchange'}`);
          return finalize(packet, force);
        };
        write = writer;
      },
    };

    server.rekey();
    send(server, Buffer.of(90));
    it.run();

    expect(steps).toEqual(['writer; none', 'finalize; over']);
    expect(it.log.filter((line) => line === 'handshake')).toHaveLength(2);
  });

  it('lets pass at once what is sent by force', () => {
    const it = connected();
    it.server.rekey();
    const before = it.written.length;

    expect(send(it.server, Buffer.of(1), true)).toBe(true);
    expect(it.written).toHaveLength(before + 1);
  });

  it('keeps the session identifier', () => {
    const it = connected();
    const sessionId = it.server._kex?.sessionID;
    it.client.rekey();
    it.run();

    expect(it.server._kex?.sessionID).toEqual(sessionId);
    expect(sessionId).toBeDefined();
  });

  it('marks NEWKEYS sent before those of the peer have come: the time in which no packet may leave', () => {
    const states: unknown[] = [];
    connected({
      inHeader: (server) => {
        const decipher = server._decipher;
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          const before = [payload[0], server._kex?._sentNEWKEYS, server._kex?._receivedNEWKEYS];
          const result = engine(payload);
          states.push(before);
          return result;
        };
      },
    });

    expect(states).toEqual([
      [20, undefined, undefined],
      [30, false, false],
      [21, true, false],
    ]);
  });
});

describe('the end', () => {
  it('by a failed key exchange calls disconnect on the instance, dies, and then tells the error', () => {
    const it = harness();
    it.server.disconnect = (reason) => {
      it.log.push(`disconnect ${String(reason)}; ${it.server._destruct === undefined ? 'dead' : 'alive'}`);
    };
    it.server.start();
    it.feed(Buffer.from('SSH-2.0-x\r\n'));
    it.feed(plainPacket(kexInit({ keyExchange: ['nonsense'] })));

    expect(it.log.slice(1)).toEqual([
      'disconnect 3; alive',
      'error: Handshake failed: no matching key exchange algorithm; dead',
    ]);
  });

  it('by a bad public value does not stop the parser: the reason for the check in key-exchange-hooks', () => {
    const results: unknown[] = [];
    const it = harness({
      inHeader: ({ _decipher: decipher }) => {
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) => {
          const result = engine(payload);
          results.push([payload[0], result]);
          return result;
        };
      },
    });
    it.server.start();
    it.feed(Buffer.from('SSH-2.0-x\r\n'));
    it.feed(Buffer.concat([plainPacket(kexInit()), plainPacket(wireBytes(30, [32], Buffer.alloc(32)))]));

    expect(it.log.at(-1)).toMatch(/^error: Error while computing DH secret .*; dead$/);
    expect(results).toEqual([
      [20, undefined],
      [30, undefined],
    ]);
  });

  it('by cleanup() can come twice, and throws on use afterwards', () => {
    const { server, feed } = connected();
    server.cleanup();
    server.cleanup();

    expect(server._destruct).toBeUndefined();
    expect(() => {
      feed(Buffer.of(0));
    }).toThrow('Instance unusable');
  });

  it('in onHeader keeps the engine from sending KEXINIT', () => {
    const {
      server: engine,
      written,
      feed,
    } = harness({
      inHeader: (server) => {
        server.cleanup();
      },
    });
    engine.start();
    feed(Buffer.from('SSH-2.0-x\r\n'));

    expect(written.map((chunk) => chunk.toString('latin1'))).toEqual(['SSH-2.0-contract\r\n']);
  });
});

describe('X25519 of our own', () => {
  /** An exchange of the engine's, caught in the act. */
  function exchange(keyExchange = 'curve25519-sha256') {
    const { server } = connected({ clientKeyExchange: [keyExchange] });
    if (server._kex === undefined) throw new Error('no key exchange');
    return server._kex;
  }

  it('agrees with the engine’s, both ways, whatever the first bytes of the secret', () => {
    const theirs = exchange();
    const firstBytes = new Set<number>();
    for (let count = 0; count < 600; count += 1) {
      // The same exchange with keys of its own.
      const ours = Object.create(theirs) as EngineKeyExchange;
      speedUpX25519(ours);
      const secret = ours.computeSecret(theirs.getPublicKey());
      if (secret instanceof Error) throw secret;
      expect(secret).toEqual(theirs.computeSecret(ours.getPublicKey()));
      firstBytes.add(secret.readUInt8(0));
    }
    // A leading zero was added to secrets with the top bit.
    expect(firstBytes.has(0)).toBe(true);
    expect(firstBytes.size).toBeGreaterThan(50);
  });

  it.each([
    ['zeros', Buffer.alloc(32)],
    ['one', Buffer.from(`01${'00'.repeat(31)}`, 'hex')],
    ['too short', Buffer.alloc(31, 9)],
    ['too long', Buffer.alloc(33, 9)],
    ['nothing', Buffer.alloc(0)],
  ])('returns an Error for a public value that is %s, and does not throw', (_what, value) => {
    const ours = exchange();
    speedUpX25519(ours);

    expect(ours.computeSecret(value)).toBeInstanceOf(Error);
  });

  it('leaves other key exchanges alone', () => {
    const ecdh = exchange('ecdh-sha2-nistp256');
    const { getPublicKey, computeSecret } = ecdh;
    speedUpX25519(ecdh);

    expect(ecdh.getPublicKey).toBe(getPublicKey);
    expect(ecdh.computeSecret).toBe(computeSecret);
  });
});
