/**
 * Whether a directory lies in another, by path alone. Both must be real paths: links are resolved
 * where the paths were observed.
 */
export type PathStyle = { readonly separator: '/' | '\\'; readonly caseSensitive: boolean };

export const pathStyleOf = (platform: 'darwin' | 'linux' | 'win32'): PathStyle => ({
  separator: platform === 'win32' ? '\\' : '/',
  // APFS and NTFS ignore case by default; two worktrees can't differ by case alone there.
  caseSensitive: platform === 'linux',
});

const normal = (path: string, style: PathStyle): string => {
  const slashed = style.separator === '\\' ? path.replaceAll('/', '\\') : path;
  const trimmed = slashed.length > 1 && slashed.endsWith(style.separator) ? slashed.slice(0, -1) : slashed;
  return style.caseSensitive ? trimmed : trimmed.toLowerCase();
};

export function contains(parent: string, child: string, style: PathStyle): boolean {
  const outer = normal(parent, style);
  const inner = normal(child, style);
  if (inner === outer) return true;
  return inner.startsWith(outer.endsWith(style.separator) ? outer : outer + style.separator);
}

/** Those that lie inside a place and are not the place itself: worktrees nested in a worktree. */
export const nestedIn = <T extends { readonly path: string }>(
  place: string,
  all: readonly T[],
  style: PathStyle,
): readonly T[] => all.filter((one) => contains(place, one.path, style) && !contains(one.path, place, style));

/** The deepest of `places` that contains the directory: a nested worktree wins over the one around it. */
export function deepest<T extends { readonly path: string }>(
  directory: string,
  places: readonly T[],
  style: PathStyle,
): T | null {
  let best: T | null = null;
  for (const place of places)
    if (contains(place.path, directory, style) && (best === null || place.path.length > best.path.length))
      best = place;
  return best;
}
