/** Collisions as `orch` prints them. */
import { linesWord, regionKindWord, workWord } from '../../contract/collision-words';
import type { Collision, CollisionRegion, RegionSide, WorktreeView } from '../../contract/snapshot';
import type { Row } from './monitor-columns';
import { clean, fitEnd } from './text';

const MOST = 3;
/** A subject tells whose work it is by its first words. */
const WORK_COLUMNS = 44;

/** "src/x.ts: here lines 4–9, “Say it twice”; in 3 line 4, uncommitted changes", the first few of them. */
export function regionLines(collision: Collision, other: string): readonly string[] {
  const lines = collision.regions.slice(0, MOST).map((region) => regionLine(region, other));
  const more = collision.regions.length - lines.length + collision.regionsLeftOut;
  return lines.length > 0 && more > 0 ? [...lines, `and ${more} more`] : lines;
}

function regionLine(region: CollisionRegion, other: string): string {
  const kind = regionKindWord(region);
  const sides = [
    sideText('here', region.ours, region.file),
    sideText(`in ${other}`, region.theirs, region.file),
  ].filter((side) => side !== null);
  const file = `${clean(region.file)}${kind === null ? '' : ` (${kind})`}`;
  return sides.length === 0 ? file : `${file}: ${sides.join('; ')}`;
}

function sideText(name: string, side: RegionSide, file: string): string | null {
  const subject = side.subject === null ? null : fitEnd(clean(side.subject), WORK_COLUMNS);
  const work = workWord({ ...side, subject });
  const where = [
    side.file === file ? null : clean(side.file),
    side.lines === null ? null : linesWord(side.lines),
  ]
    .filter((word) => word !== null)
    .join(' ');
  const words = [where === '' ? null : where, work];
  const said = words.filter((word) => word !== null).join(', ');
  return said === '' ? null : `${name} ${said}`;
}

const whoIs = ({ with: other }: Collision, worktree: WorktreeView, rows: ReadonlyMap<string, Row>): string =>
  other === 'base'
    ? clean(worktree.base ?? 'its base')
    : String(rows.get(other)?.number ?? 'another worktree');

/** "collides with 3 (src/a.ts and 1 more)", for each of them. */
export function collisionText(worktree: WorktreeView, rows: ReadonlyMap<string, Row>): string {
  return worktree.collisions
    .map((collision) => {
      const [first = '', ...more] = collision.files;
      const files = `${clean(first)}${more.length > 0 ? ` and ${more.length} more` : ''}`;
      const word = collision.certainty === 'decided' ? 'collides' : 'may collide';
      return `${word} with ${whoIs(collision, worktree, rows)} (${files})`;
    })
    .join(' · ');
}

/** Where they are, on the first of the two rows: the second would say the same again. */
export const placesText = ({ number, worktree }: Row, rows: ReadonlyMap<string, Row>): readonly string[] =>
  worktree.collisions
    .filter((collision) => (rows.get(collision.with)?.number ?? number) >= number)
    .flatMap((collision) => regionLines(collision, whoIs(collision, worktree, rows)));
