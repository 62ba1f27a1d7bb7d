/** How a place where two sides collide reads, the same on every face. Text in it is not cleaned. */
import type { CollisionKind, CollisionRegion, RegionSide } from './snapshot';

/** Kinds that say all there is to say where no lines are known. */
const kindWords: { readonly [K in CollisionKind]: string } = {
  content: 'changed on both sides',
  rename: 'renamed or moved',
  'delete-modify': 'deleted on one side',
  binary: 'binary, changed on both sides',
  mode: 'another type or mode on each side',
  'add-add': 'new on both sides',
  submodule: 'submodule, moved on by both sides',
  other: 'in conflict',
};

/** What to say of a region besides its lines; null when the lines say it. */
export const regionKindWord = ({ kind, ours, theirs }: CollisionRegion): string | null =>
  ours.lines !== null && theirs.lines !== null && kind === 'content' ? null : kindWords[kind];

/** "line 4", "lines 4–9", and where a side took lines out "nothing after line 3". */
export function linesWord({ from, to }: NonNullable<RegionSide['lines']>): string {
  if (to < from) return to === 0 ? 'nothing at the top' : `nothing after line ${to}`;
  return from === to ? `line ${from}` : `lines ${from}–${to}`;
}

/** Whose work it is: “the commit's subject”, or that it is not committed; null when not known. */
export const workWord = ({ uncommitted, subject }: RegionSide): string | null =>
  uncommitted ? 'uncommitted changes' : subject === null || subject === '' ? null : `“${subject}”`;
