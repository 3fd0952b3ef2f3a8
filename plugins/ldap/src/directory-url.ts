import { isIP } from 'node:net';

/** Where a directory is, and how its connections begin. */
export interface DirectoryAddress {
  /** `plain` is for this machine alone. */
  readonly security: 'tls' | 'starttls' | 'plain';
  /** What the certificate has to be for; empty for a Unix socket. */
  readonly host: string;
  /** What is connected to. */
  readonly target: { readonly host: string; readonly port: number } | { readonly path: string };
}

/**
 * Reads the URL of a directory: `ldaps://`, `ldap://`, or `ldapi://` with the encoded path of a Unix socket.
 *
 * @returns a sentence that says what is wrong, if anything is
 */
export function readDirectoryUrl(text: unknown, startTls: boolean): DirectoryAddress | string {
  const rule = 'url must begin with ldaps://, ldap:// or ldapi://, and name a host or the encoded path of a socket';
  if (typeof text !== 'string') return rule;
  const [, socket] = /^ldapi:\/\/([^/?#]+)\/?$/i.exec(text) ?? [];
  if (socket !== undefined) {
    if (startTls) return 'startTls makes no sense for a Unix socket';
    const path = decoded(socket);
    return path?.startsWith('/') === true ? { security: 'plain', host: '', target: { path } } : rule;
  }
  if (!URL.canParse(text)) return rule;
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (!['ldap:', 'ldaps:'].includes(url.protocol) || host === '') return rule;
  // A URL with a password in it would be logged with it, and the rest of RFC 4516 would be ignored without a word.
  if (url.username !== '' || url.password !== '' || !['', '/'].includes(url.pathname) || url.search !== '') {
    return 'url must have no user, path or query; base and filter belong into users';
  }
  const isTls = url.protocol === 'ldaps:';
  if (isTls && startTls) return 'startTls is for ldap://; ldaps:// has TLS from the start';
  if (!isTls && !startTls && !isLoopback(host)) {
    return 'url must be ldaps://, or have startTls, unless the directory is on this machine: passwords would be sent in the clear';
  }
  const port = url.port === '' ? (isTls ? 636 : 389) : Number(url.port);
  return { security: isTls ? 'tls' : startTls ? 'starttls' : 'plain', host, target: { host, port } };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
