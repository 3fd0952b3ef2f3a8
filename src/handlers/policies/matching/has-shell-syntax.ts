/**
 * What a shell takes for more than letters of an argument: `;` `&` `|` `` ` `` `$` `(` `)` `<` `>`, quotes, backslashes and
 * the ends of lines; and NUL, where many programs stop reading.
 */
const SYNTAX = /[;&|`$()<>'"\\\n\r\0]/;

/** Whether a shell might read more into `text` than words. Wildcards such as `*` and `~` still count as words. */
export const hasShellSyntax = (text: string): boolean => SYNTAX.test(text);
