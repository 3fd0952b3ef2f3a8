import { createRequire } from 'node:module';

import type { utils } from 'ssh2';

/**
 * The parts of `ssh2` that are in use, with types of our own: `ssh2` publishes none for them.
 *
 * Nothing else in this package touches these. `test/transport/engine-contract.test.ts` fails when a version of `ssh2`
 * changes one of them.
 */

/** What the key exchange needs of a host key. */
export interface EngineHostKey {
  readonly type: string;
  getPublicSSH(): Buffer;
  sign(data: Buffer, hash?: string): Buffer | Error;
  /** Ours: what the signature is called, where that is not the name that was negotiated. */
  readonly signatureAlgorithm?: string;
  /** Ours: signs in the place of {@link sign}, if that takes time. */
  readonly signLater?: (data: Buffer, signal: AbortSignal) => Promise<Buffer>;
}

/** The algorithms that both sides settled on. */
export interface EngineNegotiated {
  kex: string;
  serverHostKey: string;
  readonly cs: { readonly cipher: string; readonly mac: string; readonly compress: string };
  readonly sc: { readonly cipher: string; readonly mac: string; readonly compress: string };
}

/** The key exchange under way or completed last. */
export interface EngineKeyExchange {
  readonly sessionID: Buffer | undefined;
  readonly negotiated: EngineNegotiated;
  remoteExtInfoEnabled: boolean;
  /** The ephemeral keys of an X25519 exchange. */
  _keys?: unknown;
  /** The client's KEXINIT, which goes into the exchange hash. */
  _remoteKexinit: Buffer | undefined;
  readonly _sentNEWKEYS: boolean;
  readonly _receivedNEWKEYS: boolean;
  /** Whether {@link finish} has been called. */
  _finished: boolean;
  /** Chosen from the protocol's with the client's public value. */
  _hostKey: EngineHostKey | undefined;
  /** Computes the hash, has it signed and sends the reply; replaces itself by what the client's NEWKEYS calls. */
  finish(): unknown;
  /** Takes a message of the exchange. */
  parse(payload: Buffer): ReturnType<EnginePayloadHandler>;
  /** Asked after {@link computeSecret}. */
  getPublicKey(): Buffer;
  /** The client's public value as it is hashed. */
  convertPublicKey(peerPublicKey: Buffer): Buffer;
  /** What is hashed and derived from, behind its length: the content of an mpint or of a string. */
  computeSecret(peerPublicKey: Buffer): Buffer | Error;
}

/** Takes a payload; a number or false stops the parser. */
export type EnginePayloadHandler = (payload: Buffer) => number | false | undefined;

export interface EngineDecipher {
  /** The sequence number of the next packet. */
  inSeqno: number;
  _onPayload: EnginePayloadHandler;
}

/** Encrypts and sends packets. The private fields belong to some kinds of cipher only. */
export interface EngineCipher {
  /** Makes a packet with room for a payload of that length behind its first five bytes, padded already. */
  allocPacket: (payloadLength: number) => Buffer;
  /** The sequence number of the next packet. */
  readonly outSeqno: number;
  readonly _encBlockLen?: number;
  readonly _aadLen?: number;
  readonly _macLen?: number;
}

/** One connection's identification, key exchange, encryption and framing. */
export interface EngineProtocol {
  start(): void;
  parse(chunk: Buffer, offset: number, length: number): void;
  rekey(): void;
  cleanup(): void;
  disconnect(reason: number): void;
  _onPayload: EnginePayloadHandler;
  /** Undefined once the engine has ended, by {@link cleanup} or by itself. */
  readonly _destruct: unknown;
  readonly _kex: EngineKeyExchange | undefined;
  /** What is offered and chosen from; can be replaced for the time of a call, and between key exchanges. */
  _offer: EngineOffer;
  /** By algorithm. Can be replaced between key exchanges. */
  _hostKeys: Readonly<Record<string, EngineHostKey>>;
  /** Our own KEXINIT while a key exchange is under way, otherwise undefined. */
  readonly _kexinit: Buffer | undefined;
  readonly _strictMode: boolean | undefined;
  /** Whether the next packet of a key exchange is dropped unread. */
  _skipNextInboundPacket: boolean;
  readonly _cipher: EngineCipher;
  readonly _decipher: EngineDecipher | undefined;
  _packetRW: EnginePacketCodecs;
  /** Reads packets of a chunk. @returns where to go on after false; undefined when nothing is left, Infinity to stop */
  _parse(chunk: Buffer, offset: number, length: number): number | undefined;
}

/** What compresses and decompresses. The engine puts in a new reader and a new writer with each change of keys. */
export interface EnginePacketCodecs {
  /** Reads nothing else than it is given, as long as the engine does not compress. */
  readonly read: { read(payload: Buffer): Buffer };
  write: EnginePacketWriter;
}

/** Makes packets of payloads. */
export interface EnginePacketWriter {
  /** Where in what {@link alloc} has made the payload goes. The engine sets it when a key exchange begins. */
  allocStart: number;
  readonly allocStartKEX: number;
  alloc(payloadLength: number, evenDuringKeyExchange?: boolean): Buffer;
  /** @returns a packet, or in a key exchange the payload itself, which comes again when the exchange is over */
  finalize(packet: Buffer, evenDuringKeyExchange?: boolean): Buffer;
  cleanup(): void;
}

export interface EngineHeader {
  /** The identification line without its line end. */
  readonly identRaw: string;
  readonly versions: { readonly protocol: string; readonly software: string };
}

export interface EngineConfig {
  readonly server: true;
  readonly hostKeys: Readonly<Record<string, EngineHostKey>>;
  readonly offer: EngineOffer;
  readonly ident: Buffer;
  readonly messageHandlers: Readonly<Record<string, never>>;
  readonly onWrite: (data: Buffer | string) => void;
  readonly onError: (error: Error) => void;
  readonly onHeader: (header: EngineHeader) => void;
  readonly onHandshakeComplete: (negotiated: EngineNegotiated) => void;
}

/** The algorithm lists of a KEXINIT, encoded once. The engine chooses from the arrays and sends what is encoded. */
export interface EngineOffer {
  readonly totalSize: number;
  readonly lists: {
    readonly kex: { readonly array: readonly string[] };
    readonly cs: { readonly compress: { readonly array: readonly string[] } };
  };
}

export interface EngineOfferLists {
  readonly kex: readonly string[];
  readonly serverHostKey: readonly string[];
  readonly cs: EngineDirectionLists;
  readonly sc: EngineDirectionLists;
}

interface EngineDirectionLists {
  readonly cipher: readonly string[];
  readonly mac: readonly string[];
  readonly compress: readonly string[];
  readonly lang: readonly string[];
}

// require, since these are CommonJS files without types; each result is given the type that the contract test proves.
const load = createRequire(import.meta.url);

export const Protocol = load('ssh2/lib/protocol/Protocol.js') as new (config: EngineConfig) => EngineProtocol;

export const { KexInit } = load('ssh2/lib/protocol/kex.js') as {
  KexInit: new (lists: EngineOfferLists) => EngineOffer;
};

export const { sendPacket } = load('ssh2/lib/protocol/utils.js') as {
  sendPacket: (protocol: EngineProtocol, packet: Buffer, evenDuringKeyExchange?: boolean) => boolean;
};

/** Reads private keys. From its own file: the package's index would load a client, an agent and SFTP as well. */
export const { parseKey } = load('ssh2/lib/protocol/keyParser.js') as { parseKey: typeof utils.parseKey };

const crypto = load('ssh2/lib/protocol/crypto.js') as { init: Promise<void>; bindingAvailable: boolean };

/** Resolves once the engine can encrypt. Await it before the first connection. */
export const engineReady: Promise<void> = crypto.init;

/** Whether the engine's native addon is built; without it bulk data costs two to four times the CPU. */
export const nativeCiphers: boolean = crypto.bindingAvailable;
