import path from 'node:path';

const FOLDER = path.resolve(import.meta.dirname, '../clients/fixtures');

/** Absolute path of a script of `test/clients/fixtures`. */
export const clientFixture = (name: string): string => path.join(FOLDER, name);
