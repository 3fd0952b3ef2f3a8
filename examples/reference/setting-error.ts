/** A variable of the environment that cannot be used. Ends the start. */
export class SettingError extends Error {
  override readonly name = 'SettingError';

  /** @param fault - What is wrong or what was expected, as the end of the sentence. */
  constructor(variable: string, value: string, fault: string) {
    super(`${variable}=${JSON.stringify(value)} cannot be used: ${fault}`);
  }
}
