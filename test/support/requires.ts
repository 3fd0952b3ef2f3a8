import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';

/** Where programs are looked for after PATH: servers live in `sbin`, which the PATH of ordinary users leaves out. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin'];

/** Stands in the title of a suite that is skipped because of {@link Requirement.missing}. */
export const NOT_INSTALLED = 'not installed:';

/** The programs that a suite asked for. */
export interface Requirement {
  /** What was not found: programs, files, and `python3 with <module>` for a Python module. Empty: the suite can run. */
  readonly missing: readonly string[];
  /**
   * Absolute path of a program of the list, or of `python3` if modules were asked for (that interpreter has them all).
   *
   * @throws Error if the program was not asked for or is missing: call it inside tests, not while suites are declared.
   */
  path(program: string): string;
  /** `name` as it is, or followed by what is missing: the title of a suite that may be skipped. */
  title(name: string): string;
}

export interface RequiresOptions {
  /** Python modules that one `python3` must be able to import, all of them. Default none. */
  readonly pythonModules?: readonly string[];
  /** Absolute paths of files and folders that have to be there, such as the headers of a library. Default none. */
  readonly files?: readonly string[];
  /** Environment to look in: `PATH` and `CI`. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the programs that a suite runs, so that a suite whose programs are missing is skipped *by name* on a
 * developer's machine, and is an error in CI, where `.ci/run` installs them all.
 *
 * @example
 * ```ts
 * const openssh = requires(['ssh', 'ssh-keygen']);
 *
 * describe.skipIf(openssh.missing.length > 0)(openssh.title('OpenSSH'), () => {
 *   it('runs a command', () => { spawn(openssh.path('ssh'), […]); });
 * });
 * // without OpenSSH: "↓ OpenSSH (skipped, not installed: ssh, ssh-keygen)"
 * ```
 *
 * @throws Error if anything is missing while the environment variable `CI` is set to anything but `false` or `0`.
 */
export function requires(programs: readonly string[], options: RequiresOptions = {}): Requirement {
  const { pythonModules = [], files = [], env = process.env } = options;
  const found = new Map<string, string>();
  const missing: string[] = [];

  for (const program of programs) {
    const [first] = findAll(program, env);
    if (first === undefined) missing.push(program);
    else found.set(program, first);
  }

  missing.push(...files.filter((file) => !existsSync(file)));

  if (pythonModules.length > 0) {
    // Several interpreters may be on PATH, and the distribution's modules are seen by the distribution's alone.
    const python = findAll('python3', env).find((candidate) => hasModules(candidate, pythonModules));
    if (python === undefined) missing.push(...pythonModules.map((module) => `python3 with ${module}`));
    else found.set('python3', python);
  }

  if (missing.length > 0 && isCi(env)) {
    throw new Error(`Not installed: ${missing.join(', ')}. In CI no suite is skipped: add the package to .ci/run.`);
  }

  return {
    missing,
    path(program) {
      const file = found.get(program);
      if (file === undefined) throw new Error(`${program} is missing, or was not asked for by requires().`);
      return file;
    },
    title: (name) => (missing.length === 0 ? name : `${name} (skipped, ${NOT_INSTALLED} ${missing.join(', ')})`),
  };
}

const isCi = (env: Readonly<Record<string, string | undefined>>): boolean =>
  !['', '0', 'false'].includes(env['CI'] ?? '');

/** Every executable file called `program`, in the order in which a shell would try them. */
function findAll(program: string, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return [...new Set([...folders, ...SYSTEM_FOLDERS])]
    .map((folder) => path.join(folder, program))
    .filter((file) => isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

const hasModules = (python: string, modules: readonly string[]): boolean =>
  spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0;
