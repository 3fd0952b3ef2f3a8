/** What `JSON.parse` makes of braces. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `json` is an object, not null and no list. */
export const isJsonObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);
