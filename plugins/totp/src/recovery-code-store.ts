/** Where the recovery codes of users are kept, as digests: a table of a database, with a row for each that has not been used. */
export interface RecoveryCodeStore {
  /**
   * Takes a code away, for good, and says whether it was there. Asked for users who do not exist as well.
   *
   * It has to be one step: of two who bring the same code at once, one gets true. `DELETE ... WHERE account = $1 AND digest = $2`, with
   * a look at how many rows it was, is such a step.
   *
   * @param account - the name of the user, or what `accountOf` makes of it
   * @param digest - as `generateRecoveryCodes` makes it
   */
  take(account: string, digest: string): boolean | PromiseLike<boolean>;
}
