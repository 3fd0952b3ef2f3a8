import path from 'node:path';

/** What file systems take for one name. */
const MAX_NAME_BYTES = 255;

/**
 * Whether the name of a user can be the name of a file: it leads to no other folder, and what some file systems would rewrite on the
 * way is not in it.
 *
 * Clients choose user names. Text that is no Unicode would be written as another name, Windows leaves out dots and blanks at the end,
 * and macOS takes all forms of a letter for one, of which only NFC is a name here. File systems that take still more names for one,
 * such as those of two cases, do so here, too.
 */
export function isFileName(user: string): boolean {
  if (user === '' || /[/\0\p{Surrogate}]/u.test(user)) return false;
  if (/[.\s]$/u.test(user) || user.normalize('NFC') !== user) return false;
  // Elsewhere these are characters like others, and `DOMAIN\\user` is a name.
  if (path.sep === '\\' && /[\\:]/.test(user)) return false;
  return Buffer.byteLength(user) <= MAX_NAME_BYTES;
}
