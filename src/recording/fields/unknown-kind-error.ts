import { FieldError } from './field-error.js';

/** A line speaks of something that this version of the package does not know. Its reader skips the line. */
export class UnknownKindError extends FieldError {}
