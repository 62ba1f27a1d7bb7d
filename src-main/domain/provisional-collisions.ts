/** The word before the verdict: two sides that changed the same path may collide. */

/** Paths with '/', relative to the repository's root, and the directories above them. */
export interface TouchedPaths {
  readonly paths: ReadonlySet<string>;
  readonly directories: ReadonlySet<string>;
}

export function touchedPaths(paths: Iterable<string>, most: number): TouchedPaths {
  const kept = new Set<string>();
  const directories = new Set<string>();
  for (const path of paths) {
    if (kept.size >= most) break;
    kept.add(path);
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
      directories.add(path.slice(0, slash));
  }
  return { paths: kept, directories };
}

/**
 * What both changed, and a file of one where the other has a directory, in order. A merge may find no
 * conflict there, or find one that this misses (a directory that one renamed): only a trial merge knows.
 */
export function sharedPaths(one: TouchedPaths, other: TouchedPaths): readonly string[] {
  const shared = new Set<string>();
  for (const path of one.paths) if (other.paths.has(path) || other.directories.has(path)) shared.add(path);
  for (const path of other.paths) if (one.directories.has(path)) shared.add(path);
  return [...shared].sort();
}
