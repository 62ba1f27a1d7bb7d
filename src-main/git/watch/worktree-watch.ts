/**
 * Watches the files of one worktree: every directory that git does not ignore, less nested worktrees.
 * It says which paths may have changed; what became of them is git's to say.
 */
import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { GitRunner } from '../reads/git-runner';
import {
  createPerDirectoryWatches,
  createRecursiveWatches,
  isWithin,
  relativePath,
  type WatchEvent,
  type WatchFunction,
} from './directory-watches';
import type { WatchBudget } from './watch-budget';

export interface WorktreeWatchDeps {
  readonly root: string;
  readonly platform: 'darwin' | 'linux' | 'win32';
  readonly watch: WatchFunction;
  readonly runner: GitRunner;
  readonly budget: WatchBudget;
  /** Absolute roots of worktrees inside this one, as they are now. */
  readonly nested: () => readonly string[];
  /** A path, relative and '/'-separated; `directory` when it is one that is not watched yet. */
  readonly onPath: (path: string, directory: boolean) => void;
  /** Rules changed, or the system lost count: everything may have changed. */
  readonly onEverything: (rules: boolean) => void;
  /** The worktree's directory or its `.git` file changed. */
  readonly onRoot: () => void;
  /** Watching ended because the system refused. */
  readonly onRefused: (error: Error) => void;
}

export type Armed =
  | { readonly state: 'watching'; readonly added: readonly string[]; readonly tracked: readonly string[] }
  | { readonly state: 'refused'; readonly why: string };

export interface WorktreeWatch {
  /** Watches everything there is (null), or these new directories and what is below them. */
  arm(from: readonly string[] | null): Promise<Armed>;
  readonly size: number;
  dispose(): void;
}

const RULES = new Set(['.gitignore', '.gitattributes']);

export function createWorktreeWatch(deps: WorktreeWatchDeps): WorktreeWatch {
  const { root, budget } = deps;
  const perDirectory = deps.platform === 'linux';
  const handlers = { watch: deps.watch, onEvent: hear, onError: refuse };
  const watches = perDirectory ? createPerDirectoryWatches(handlers) : createRecursiveWatches(root, handlers);
  let taken = 0;
  let disposed = false;

  function refuse(error: Error): void {
    if (disposed) return;
    dispose();
    deps.onRefused(error);
  }

  /** What is taken from the budget follows what is watched. */
  function settle(): void {
    const now = perDirectory ? watches.size : Math.min(1, watches.size);
    if (now > taken) budget.take(now - taken);
    else budget.give(taken - now);
    taken = now;
  }

  function hear(directory: string, name: string | null, event: WatchEvent): void {
    if (disposed) return;
    if (name === null) {
      deps.onEverything(false);
      return;
    }
    if (directory === root && (name === '.git' || name === basename(root))) {
      // In a main worktree `.git` is the repository, which has a watch of its own.
      if (event === 'rename') deps.onRoot();
      if (name === '.git') return;
    }
    const absolute = join(directory, name);
    if (deps.nested().some((place) => isWithin(place, absolute))) return;
    const path = relativePath(root, absolute);
    if (RULES.has(name) || path === '.gitmodules') {
      deps.onPath(path, false);
      deps.onEverything(true);
      return;
    }
    if (event === 'change') deps.onPath(path, false);
    else void look(absolute, path);
  }

  async function look(absolute: string, path: string): Promise<void> {
    let isDirectory: boolean;
    try {
      isDirectory = (await lstat(absolute)).isDirectory();
    } catch {
      if (disposed) return;
      // Gone: also from under its watches.
      if (watches.has(absolute)) {
        watches.removeBelow(absolute);
        settle();
      }
      deps.onPath(path, false);
      return;
    }
    if (!disposed) deps.onPath(path, isDirectory && !watches.has(absolute));
  }

  function dispose(): void {
    disposed = true;
    watches.dispose();
    budget.give(taken);
    taken = 0;
  }

  return {
    async arm(from) {
      const found = await deps.runner.directories({
        root,
        nested: deps.nested(),
        from,
        limit: perDirectory ? budget.left + taken : Number.MAX_SAFE_INTEGER,
      });
      if (disposed) return { state: 'refused', why: 'ended' };
      if ('problem' in found) {
        if (from === null || found.problem === 'too-many') dispose();
        return { state: 'refused', why: found.problem };
      }
      const wanted = found.directories.map((path) => (path === '' ? root : join(root, path)));
      if (from === null) {
        const keep = new Set(wanted);
        for (const watched of [...watches.directories()])
          if (!keep.has(watched)) watches.removeBelow(watched);
      }
      const added = found.directories.filter((_, at) => !watches.has(wanted[at] ?? ''));
      if (perDirectory && added.length > budget.left) {
        dispose();
        return { state: 'refused', why: 'too-many' };
      }
      const error = await watches.add(wanted);
      if (disposed) return { state: 'refused', why: 'ended' };
      settle();
      if (error !== null) {
        dispose();
        return { state: 'refused', why: error.message };
      }
      return { state: 'watching', added, tracked: found.tracked };
    },
    get size() {
      return watches.size;
    },
    dispose,
  };
}
