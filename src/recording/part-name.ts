import path from 'node:path';

/** Enough digits that names sort as numbers do; more are read all the same. */
const DIGITS = 6;

/** A file of a recording, by its number. */
export interface PartFile {
  readonly part: number;
  readonly path: string;
}

/** The file of part `part` of the recording at `base`: `log/traffic.000007.jsonl` for `log/traffic.jsonl`. */
export function partFile(base: string, part: number): PartFile {
  const { dir, name, ext } = path.parse(base);
  return { part, path: path.join(dir, `${name}.${String(part).padStart(DIGITS, '0')}${ext}`) };
}

/** The files of the recording at `base` among the `names` in its folder, by number. */
export function partFiles(base: string, names: readonly string[]): readonly PartFile[] {
  const { dir, name, ext } = path.parse(base);
  return names
    .flatMap((candidate): readonly PartFile[] => {
      if (!candidate.startsWith(`${name}.`) || !candidate.endsWith(ext)) return [];
      const digits = candidate.slice(name.length + 1, candidate.length - ext.length);
      return /^\d{6,15}$/.test(digits) ? [{ part: Number(digits), path: path.join(dir, candidate) }] : [];
    })
    .sort((one, other) => one.part - other.part);
}

/** The folder in which the files of the recording at `base` stand. */
export const folderOf = (base: string): string => path.dirname(base);
