/** What {@link TokenTemplate.read} makes of a text. */
export type TemplateReading = TokenTemplate | { readonly fault: string };

/** A text with tokens of one letter, `%u`, and `%%` for a percent sign (sshd_config(5), TOKENS). */
export class TokenTemplate {
  readonly #parts: readonly string[];

  private constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  /** Reads a text. `allowed` are the letters that may be used. */
  static read(text: string, allowed: readonly string[]): TemplateReading {
    // Text and tokens in turn: what a token stands for is never read for tokens again.
    const parts = text.split(/(%[^]?)/u);
    const unknown = parts.find((part, index) => index % 2 === 1 && part !== '%%' && !allowed.includes(part.slice(1)));
    if (unknown === undefined) return new TokenTemplate(parts);
    const known = [...allowed, '%'].map((letter) => `%${letter}`).join(', ');
    return { fault: `has the token ${unknown}; those to be had are ${known}` };
  }

  /** Whether a token of this letter is in it. */
  has(letter: string): boolean {
    return this.#parts.some((part, index) => index % 2 === 1 && part.slice(1) === letter);
  }

  /** The text with `values` in place of its tokens. */
  fill(values: Readonly<Record<string, string>>): string {
    const filled = this.#parts.map((part, index) => {
      if (index % 2 === 0) return part;
      return part === '%%' ? '%' : (values[part.slice(1)] ?? '');
    });
    return filled.join('');
  }
}
