/** What can be taken back, and until when. */
export const UNDO_DAYS = 7;
export const UNDO_MS = UNDO_DAYS * 24 * 60 * 60 * 1_000;
/** A plan rests on what it saw; after an hour it is looked at anew. */
export const PLAN_MS = 60 * 60 * 1_000;

export const undoUntil = (at: number): number => at + UNDO_MS;

/**
 * An operation that is over its time. A clock that was set back must not make trash eternal, nor one
 * set far ahead empty it: what claims to be from the future is left alone.
 */
export const isExpired = (operation: { readonly at: number; readonly until: number }, now: number): boolean =>
  operation.at <= now && operation.until <= now;
