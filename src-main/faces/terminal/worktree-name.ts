/** Which worktree a person means: a directory, a branch, a name, or the slug of a task. */
import { isAbsolute, resolve } from 'node:path';
import type { FailureOf } from '../../contract/failures';
import { fail, ok, type Result } from '../../contract/result';
import type { Snapshot, WorktreeView } from '../../contract/snapshot';
import { deepest, pathStyleOf } from '../../domain/containment';
import { slugOf } from '../../domain/names';

export interface Place {
  readonly cwd: string;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** The real path of a directory, or null when there is none. */
  realPath(path: string): Promise<string | null>;
}

/** `name` null: the worktree that the current directory is in. */
export async function resolveWorktree(
  name: string | null,
  snapshot: Snapshot,
  place: Place,
): Promise<Result<WorktreeView, FailureOf<'not-found' | 'ambiguous'>>> {
  const all = snapshot.repositories.flatMap(({ worktrees }) => worktrees);
  const style = pathStyleOf(place.platform);
  const around = async (path: string) => {
    const real = (await place.realPath(path)) ?? path;
    return deepest(real, all, style);
  };
  if (name === null) {
    const here = await around(place.cwd);
    return here === null ? fail({ kind: 'not-found', what: 'worktree', name: place.cwd }) : ok(here);
  }
  const byId = all.find(({ id }) => id === name);
  if (byId !== undefined) return ok(byId);

  const same = (a: string, b: string) =>
    style.caseSensitive ? a === b : a.toLowerCase() === b.toLowerCase();
  const branch = name.replace(/^refs\/heads\//, '');
  const found = new Set<WorktreeView>(
    all.filter(
      (worktree) =>
        same(worktree.name, name) ||
        worktree.branch === branch ||
        (worktree.task !== null && worktree.task !== '' && slugOf(worktree.task) === name) ||
        isSlugOf(worktree, name),
    ),
  );
  // A path means the worktree around it. A bare word is a directory only when that is a worktree itself:
  // `src` must not come to mean the worktree that happens to have such a folder.
  const isPath = isAbsolute(name) || /[/\\]$/.test(name) || /^\.\.?([/\\]|$)/.test(name);
  if (isPath || found.size === 0) {
    const path = resolve(place.cwd, name);
    const real = await place.realPath(path);
    // One whose directory is away has no real path.
    const listed = all.find((worktree) => same(worktree.path, real ?? path));
    const there = listed ?? (isPath && real !== null ? await around(path) : null);
    if (there !== null) return ok(there);
  }
  const [first, ...more] = [...found];
  if (first === undefined) return fail({ kind: 'not-found', what: 'worktree', name });
  if (more.length === 0) return ok(first);
  return fail({ kind: 'ambiguous', name, candidates: [...found].map(({ path }) => path) });
}

/** `login` for `project-wt-login`, as spawn made it of the task or of the name that was chosen. */
const isSlugOf = (worktree: WorktreeView, name: string): boolean =>
  !worktree.isMain && name !== '' && worktree.name.endsWith(`-wt-${name}`);
