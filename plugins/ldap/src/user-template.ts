const PLACE = '{user}';

/** Whether a text says where the name of the user goes. */
export const hasPlace = (template: string): boolean => template.includes(PLACE);

/**
 * Puts a name into a template, everywhere where `{user}` stands.
 *
 * @param escape - Makes the name harmless where it is put: `escapeDn` or `escapeFilter`.
 */
export const fillTemplate = (template: string, user: string, escape: (value: string) => string): string =>
  // Not `replaceAll`, which would read `$&` in the name of a user.
  template.split(PLACE).join(escape(user));
