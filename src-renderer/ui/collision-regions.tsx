import { linesWord, regionKindWord, workWord } from '@contract/collision-words';
import type { Collision, CollisionRegion, RegionSide } from '@contract/snapshot';

const MOST = 3;

/** Where two worktrees collide: the first few places, and how many there are besides. */
export function CollisionRegions({ collision }: { readonly collision: Collision }) {
  const shown = collision.regions.slice(0, MOST);
  if (shown.length === 0) return null;
  const more = collision.regions.length - shown.length + collision.regionsLeftOut;
  return (
    <ul className="regions">
      {shown.map((region, at) => (
        <Region key={placeOf(region)} region={region} named={shown[at - 1]?.file !== region.file} />
      ))}
      {more > 0 && <li className="regions-more">and {more} more</li>}
    </ul>
  );
}

/** No two conflicts of one file begin at the same lines of both sides. */
const placeOf = ({ file, ours, theirs }: CollisionRegion) =>
  `${file} ${ours.file} ${ours.lines?.from} ${theirs.lines?.from}`;

/** Places in one file stand under its name, which is said once. */
function Region({ region, named }: { readonly region: CollisionRegion; readonly named: boolean }) {
  const kind = regionKindWord(region);
  return (
    <li>
      {(named || kind !== null) && (
        <p className="region-file">
          <bdi>{region.file}</bdi>
          {kind !== null && <span className="region-kind"> {kind}</span>}
        </p>
      )}
      <Side name="here" side={region.ours} file={region.file} />
      <Side name="there" side={region.theirs} file={region.file} />
    </li>
  );
}

function Side({
  name,
  side,
  file,
}: {
  readonly name: string;
  readonly side: RegionSide;
  readonly file: string;
}) {
  const work = workWord(side);
  if (side.lines === null && work === null && side.file === file) return null;
  return (
    <p className="region-side">
      <span className="side-name">{name}</span>
      <span>
        {side.file !== file && (
          <>
            <bdi>{side.file}</bdi>{' '}
          </>
        )}
        {side.lines !== null && <span className="side-lines">{linesWord(side.lines)}</span>}
        {work !== null && (
          <>
            {' '}
            <bdi className="side-work">{work}</bdi>
          </>
        )}
      </span>
    </p>
  );
}
