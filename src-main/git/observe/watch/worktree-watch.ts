/**
 * Watches the files of one worktree: every directory that git does not ignore, less nested worktrees.
 * It says which paths may have changed; what became of them is git's to say.
 */
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { Unwatched } from '../../../domain/facts';
import type { GitRunner } from '../../run/git-runner';
import {
  createPerDirectoryWatches,
  createRecursiveWatches,
  isWithin,
  relativePath,
  type WatchEvent,
  type WatchFunction,
} from './directory-watches';
import type { WatchBudget } from './watch-budget';
import { refusalOf } from './watch-limit';

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
  readonly onRefused: (because: Unwatched) => void;
}

export type Armed =
  | { readonly state: 'watching'; readonly added: readonly string[]; readonly tracked: readonly string[] }
  | { readonly state: 'refused'; readonly because: Unwatched }
  /** It was disposed meanwhile. */
  | { readonly state: 'ended' };

export interface WorktreeWatch {
  /** Watches everything there is (null), or these new directories and what is below them. */
  arm(from: readonly string[] | null): Promise<Armed>;
  readonly size: number;
  dispose(): void;
}

/** So many events in one turn of the event loop keep it under a few milliseconds. */
const HANDED_ON_AT_A_TIME = 200;
const STATS_AT_A_TIME = 50;
/** Linux stamps files with the time of its last tick, 10 ms ago at most: https://man7.org/linux/man-pages/man7/time.7.html */
const COARSEST_FILE_TIME_MS = 20;
const UNREADABLE: Unwatched = { kind: 'unreadable', why: 'its directories could not be listed' };
const RULES = new Set(['.gitignore', '.gitattributes']);

export function createWorktreeWatch(deps: WorktreeWatchDeps): WorktreeWatch {
  const { root, budget } = deps;
  const perDirectory = deps.platform === 'linux';
  const handlers = { watch: deps.watch, onEvent: hear, onError: refuse, onReplaced };
  const watches = perDirectory ? createPerDirectoryWatches(handlers) : createRecursiveWatches(root, handlers);
  const heard = new Map<
    string,
    { readonly directory: string; readonly name: string; readonly event: WatchEvent }
  >();
  let handing: NodeJS.Immediate | null = null;
  let taken = 0;
  let disposed = false;

  const tooMany = (): Unwatched => ({
    kind: 'budget',
    why: `there are more directories than Orchard may watch here (${budget.most} in all)`,
  });

  function refuse(error: Error): void {
    if (disposed) return;
    dispose();
    deps.onRefused(refusalOf(error));
  }

  /** What is taken from the budget follows what is watched. */
  function settle(): void {
    const now = perDirectory ? watches.size : Math.min(1, watches.size);
    if (now > taken) budget.take(now - taken);
    else budget.give(taken - now);
    taken = now;
  }

  /** A checkout of thousands of files comes as one burst: taken down at once, looked at by and by. */
  function hear(directory: string, name: string | null, event: WatchEvent): void {
    if (disposed) return;
    if (name === null) {
      deps.onEverything(false);
      return;
    }
    const absolute = directory + sep + name;
    const known = heard.get(absolute);
    if (known !== undefined && (known.event === 'rename' || event === 'change')) return;
    heard.set(absolute, { directory, name, event });
    handing ??= setImmediate(handOn);
  }

  function handOn(): void {
    handing = null;
    const nested = deps.nested();
    let left = HANDED_ON_AT_A_TIME;
    for (const [absolute, { directory, name, event }] of heard) {
      if (left-- === 0) {
        handing = setImmediate(handOn);
        return;
      }
      heard.delete(absolute);
      consider(absolute, directory, name, event, nested);
      if (disposed) return;
    }
  }

  function consider(
    absolute: string,
    directory: string,
    name: string,
    event: WatchEvent,
    nested: readonly string[],
  ): void {
    if (directory === root && (name === '.git' || name === basename(root))) {
      // In a main worktree `.git` is the repository, which has a watch of its own.
      if (event === 'rename') deps.onRoot();
      if (name === '.git') return;
    }
    if (nested.some((place) => isWithin(place, absolute))) return;
    const path = relativePath(root, absolute);
    if (RULES.has(name) || path === '.gitmodules') {
      deps.onPath(path, false);
      deps.onEverything(true);
      return;
    }
    if (event === 'change') deps.onPath(path, false);
    else void look(absolute, path);
  }

  function onReplaced(directory: string): void {
    if (disposed) return;
    if (directory === root) deps.onEverything(true);
    else deps.onPath(relativePath(root, directory), true);
  }

  /** Directories made in these after they were listed and before they were watched: no event told of them. */
  async function missedBelow(directories: readonly string[], since: number): Promise<readonly string[]> {
    const missed: string[] = [];
    for (let at = 0; at < directories.length && !disposed; at += STATS_AT_A_TIME)
      await Promise.all(
        directories.slice(at, at + STATS_AT_A_TIME).map(async (directory) => {
          const filled = await stat(directory).catch(() => null);
          if (filled === null || filled.mtimeMs < since) return;
          for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
            const path = join(directory, entry.name);
            if (entry.isDirectory() && entry.name !== '.git' && !watches.has(path))
              missed.push(relativePath(root, path));
          }
        }),
      );
    return missed;
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
    if (handing !== null) clearImmediate(handing);
    heard.clear();
    watches.dispose();
    budget.give(taken);
    taken = 0;
  }

  return {
    async arm(from) {
      let tracked: readonly string[] = [];
      const added: string[] = [];
      for (let places = from; ; ) {
        const since = Date.now() - COARSEST_FILE_TIME_MS;
        const found = await deps.runner.directories({
          root,
          nested: deps.nested(),
          from: places,
          limit: perDirectory ? budget.left + taken : Number.MAX_SAFE_INTEGER,
        });
        if (disposed) return { state: 'ended' };
        if ('problem' in found) {
          if (from === null || found.problem === 'too-many') dispose();
          return { state: 'refused', because: found.problem === 'too-many' ? tooMany() : UNREADABLE };
        }
        const wanted = found.directories.map((path) => (path === '' ? root : join(root, path)));
        if (places === null) {
          tracked = found.tracked;
          const keep = new Set(wanted);
          for (const watched of [...watches.directories()])
            if (!keep.has(watched)) watches.removeBelow(watched);
        }
        const news = wanted.filter((path) => !watches.has(path));
        added.push(...found.directories.filter((_, at) => !watches.has(wanted[at] ?? '')));
        if (perDirectory && news.length > budget.left) {
          dispose();
          return { state: 'refused', because: tooMany() };
        }
        const error = await watches.add(wanted);
        if (disposed) return { state: 'ended' };
        settle();
        if (error !== null) {
          dispose();
          return { state: 'refused', because: refusalOf(error) };
        }
        places = perDirectory ? await missedBelow(news, since) : [];
        if (disposed) return { state: 'ended' };
        if (places.length === 0) return { state: 'watching', added, tracked };
      }
    },
    get size() {
      return watches.size;
    },
    dispose,
  };
}
