/** A file of a recording that is being written. */
export interface RecordingFile {
  /** Writes all of `bytes` at the end, or fails. Not called again before it has settled. */
  append(bytes: Uint8Array): Promise<void>;
  /** Lets go of the file once what was appended is as safe as it will be. */
  close(): Promise<void>;
}

/**
 * What a recorder needs of a file system. The default is the one of this machine; another one may scatter, encrypt or fail.
 *
 * Failures are rejections, and a recorder looks at none but `code`.
 */
export interface RecordingFiles {
  /** The names of what is in a folder, in any order; none if there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Begins a file, and its folder if need be. Fails with the code `EEXIST` rather than touch one that is there. */
  create(path: string): Promise<RecordingFile>;
  /** Deletes a file. */
  remove(path: string): Promise<void>;
}
