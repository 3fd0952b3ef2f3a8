import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { createServer } from '../di/create-server.js';
import type { CreateServerOptions } from '../di/server-options.js';
import { messageOf } from '../errors.js';
import type { SshServer } from '../streams/ssh-server.js';
import { CliError } from './cli-error.js';

/** What {@link loadServer} needs of a server, which another copy of this package may have made. */
export type LoadedServer = Pick<SshServer, 'describe' | 'shutdown'>;

const WANTED =
  'Export what createServer takes, or a server, or a promise of either, or a function that returns one of these, ' +
  'as default or as "server"';

/**
 * Loads a module and builds its server, unless the module has done so: see the command's help for what it may export.
 *
 * @param module - path of a file, from `directory`, or a `file:` URL
 * @param onWarning - told what an operator should know, if the server is built here and its options do not tell another
 * @throws {@link CliError} with exit status 1 if the module cannot be loaded or exports no server, or if its server cannot be
 *   built.
 */
export async function loadServer(
  module: string,
  directory: string,
  onWarning: (message: string) => void,
): Promise<LoadedServer> {
  const server = await exportOf(module, directory);
  if (isServer(server)) return server;
  try {
    // What is in the object is for createServer to check.
    return await createServer({ onWarning, ...(server as unknown as CreateServerOptions) });
  } catch (cause) {
    throw cannotBeBuilt(module, cause);
  }
}

/**
 * Loads a module that exports what `createServer` takes, in one of the ways that the command's help names.
 *
 * @throws {@link CliError} with exit status 1 if the module cannot be loaded, or exports no options
 */
export async function loadOptions(module: string, directory: string): Promise<Partial<CreateServerOptions>> {
  const options = await exportOf(module, directory);
  if (!isServer(options)) return options;
  await options.shutdown();
  throw new CliError(1, `${module} exports a server that is built already; export what createServer takes`);
}

/** The object that a module exports for us: a server, or what makes one. */
async function exportOf(module: string, directory: string): Promise<object> {
  const exported = serverOf(await load(module, directory));
  let resolved: unknown;
  try {
    resolved = await resolve(exported);
  } catch (cause) {
    throw cannotBeBuilt(module, cause);
  }
  if (isObject(resolved)) return resolved;
  throw new CliError(1, `${module} has no server. ${WANTED}`);
}

const cannotBeBuilt = (module: string, cause: unknown): CliError =>
  new CliError(1, `the server of ${module} cannot be built: ${messageOf(cause)}`, { cause });

/** What an export stands for: itself, what it promises, or what it returns when it is called. */
async function resolve(exported: unknown): Promise<unknown> {
  const made: unknown = await Promise.resolve(exported);
  // A function that takes something has nothing to be given; it fails in its own words.
  return typeof made === 'function' ? await Promise.resolve((made as () => unknown)()) : made;
}

async function load(module: string, directory: string): Promise<Readonly<Record<string, unknown>>> {
  const file = module.startsWith('file:') ? fileURLToPath(module) : path.resolve(directory, module);
  if (!existsSync(file)) throw new CliError(1, `cannot load ${module}: there is no such file`);
  if (statSync(file).isDirectory()) throw new CliError(1, `cannot load ${module}: it is a folder; name the file`);
  try {
    // A module is an object of its exports.
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new CliError(1, `cannot load ${module}: ${reasonOf(cause)}`, { cause });
  }
}

/** What a module exports for us. All that a CommonJS module exports is one object, as the default export. */
function serverOf(exports: Readonly<Record<string, unknown>>): unknown {
  const inner = exports['default'];
  if (isObject(inner) && ('__esModule' in inner || 'server' in inner)) return serverOf(inner);
  return inner ?? exports['server'];
}

/** Why an import failed, with a way out for what happens to everybody once. */
function reasonOf(cause: unknown): string {
  const { code } = isObject(cause) ? cause : {};
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') return messageOf(cause);
  return "this Node.js cannot read it as it is. For TypeScript set NODE_OPTIONS='--import tsx'";
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isServer = (value: object): value is LoadedServer =>
  'describe' in value &&
  typeof value.describe === 'function' &&
  'shutdown' in value &&
  typeof value.shutdown === 'function';
