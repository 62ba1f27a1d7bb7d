/**
 * Places in a cleanup's record are relative to the repository, so that one that was renamed or moved
 * undoes as before. Only what lies on another file system is absolute, and so are records from before.
 */
import { lstat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import type { RepositoryLocation } from '../../domain/facts';

const placed = z.looseObject({
  path: z.string(),
  trash: z.string(),
  places: z.array(z.string()),
  notesTarget: z.string().nullable(),
});

/** What is no cleanup's work comes back as it is. */
export async function relativePlaces(location: RepositoryLocation, work: unknown): Promise<unknown> {
  const parsed = placed.safeParse(work);
  if (!parsed.success) return work;
  const { path, trash, places, notesTarget } = parsed.data;
  const [inside, beside] = places;
  // Already moved: where it went tells on which file system it was.
  const otherDisk = beside !== undefined && (await lstat(beside).catch(() => null)) !== null;
  if (otherDisk || inside === undefined) return work;
  const from = (base: string, place: string) => relative(base, place).split(sep).join('/');
  return {
    ...parsed.data,
    path: from(location.root, path),
    trash: from(location.commonDir, trash),
    places: [from(location.commonDir, inside), ...places.slice(1).map((one) => from(location.root, one))],
    notesTarget: notesTarget === null ? null : from(location.root, notesTarget),
  };
}

export function absolutePlaces(location: RepositoryLocation, work: unknown): unknown {
  const parsed = placed.safeParse(work);
  if (!parsed.success) return work;
  const at = (base: string, place: string) => (isAbsolute(place) ? place : resolve(base, place));
  const { path, trash, places, notesTarget } = parsed.data;
  return {
    ...parsed.data,
    path: at(location.root, path),
    trash: at(location.commonDir, trash),
    places: places.map((place, index) => at(index === 0 ? location.commonDir : location.root, place)),
    notesTarget: notesTarget === null ? null : at(location.root, notesTarget),
  };
}
