import type { Decided, Overruled } from '../../streams/events/decided.js';
import type { ShadowDecided } from '../../streams/events/shadow-decided.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import { DenyReason } from '../../streams/deny-reason.js';
import { PHASES } from '../../streams/phase.js';
import { connection } from './connection-fields.js';
import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { isJsonObject, type JsonObject } from './json-object.js';
import { finite, kindOf, natural, oneOf, text } from './plain-fields.js';
import { requestFields } from './request-fields.js';
import { optional, struct } from './struct.js';
import { UnknownKindError } from './unknown-kind-error.js';
import { variant } from './variant.js';

const inFull = variant<SshRequest>(({ type }) => type, requestFields);

/**
 * The request that a decision is about: the number of its line, or, where that line stands in another part of the recording
 * or was lost, the number with the request in full, as `{"seq":7,"event":{...}}`.
 */
const request: FieldCodec<SshRequest> = {
  write: (value, memory) => {
    const { seq, isWritten } = memory.refer(value);
    return isWritten ? String(seq) : `{"seq":${String(seq)},"event":${inFull.write(value, memory)}}`;
  },
  read: (json, path, memory) => {
    const number = natural.read(isJsonObject(json) ? json['seq'] : json, path, memory);
    const known = memory.request(number);
    if (known !== undefined && known !== 'skipped') return known;
    if (isJsonObject(json)) {
      const read = inFull.read(json['event'], `${path}.event`, memory);
      memory.noteRequest(number, read);
      return read;
    }
    if (known === 'skipped') throw new UnknownKindError(path, 'is of a kind that was not understood', json);
    throw new FieldError(path, 'must be the number of an earlier line', json);
  },
};

/** Later versions may know more. */
const reason = kindOf(...Object.values(DenyReason));

const common = {
  type: oneOf('Decided'),
  connection,
  request,
  by: text,
  source: text,
  phase: oneOf(...PHASES),
  elapsedMs: finite,
} as const;

type Outcome<Name extends Decided['outcome']> = Extract<Decided, { readonly outcome: Name }>;

/** A decision, and what became of one. */
export const decided = variant<Decided>(({ outcome }: JsonObject) => outcome, {
  granted: struct<Outcome<'granted'>>({
    ...common,
    outcome: oneOf('granted'),
    provisional: optional(oneOf(true)),
    partial: optional(oneOf(true)),
  }),
  denied: struct<Outcome<'denied'>>({
    ...common,
    outcome: oneOf('denied'),
    reason,
    overruled: optional(struct<Overruled>({ by: text, source: text, provisional: optional(oneOf(true)) })),
  }),
  revoked: struct<Outcome<'revoked'>>({ ...common, outcome: oneOf('revoked'), message: text }),
});

/** What a policy in shadow mode would have decided. */
export const shadowDecided = struct<ShadowDecided>({
  type: oneOf('ShadowDecided'),
  connection,
  request,
  by: text,
  outcome: oneOf('open', 'declined', 'granted', 'denied'),
  reason: optional(reason),
  leases: natural,
  elapsedMs: finite,
});
