/**
 * Watches a repository's git directories: few, always, and by the names that matter. HEAD, index and
 * refs are replaced by rename, so it is their directories that are watched.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keepsReftables } from '../../facts/reflog-names';
import {
  createPerDirectoryWatches,
  createRecursiveWatches,
  type DirectoryWatches,
  relativePath,
  type WatchFunction,
} from './directory-watches';
import { commonChange, type GitChange, privateChange } from './git-paths';

/** Directories of refs; more than this are a mirror, where the sweep must do. */
const MOST_REF_DIRECTORIES = 500;

export interface RepositoryWatchDeps {
  readonly commonDir: string;
  readonly platform: 'darwin' | 'linux' | 'win32';
  readonly watch: WatchFunction;
  /**
   * `gitDir` names the private directory of the worktree that it is about; null: the whole repository.
   * `ref` is the file of a single ref that changed ("refs/heads/main"), when it was one.
   */
  readonly onChange: (change: GitChange, gitDir: string | null, ref?: string) => void;
  readonly onError: (error: Error) => void;
}

export interface RepositoryWatch {
  /**
   * Watches what is there now: to be called first, and when worktrees came or went. False when the
   * system refused some of it.
   */
  arm(): Promise<boolean>;
  readonly size: number;
  dispose(): void;
}

export function createRepositoryWatch(deps: RepositoryWatchDeps): RepositoryWatch {
  const { commonDir } = deps;
  let arming: Promise<boolean> | null = null;
  let again = false;
  let disposed = false;
  const watches: DirectoryWatches =
    deps.platform === 'linux'
      ? createPerDirectoryWatches({ watch: deps.watch, onEvent: hear, onError: deps.onError })
      : createRecursiveWatches(commonDir, { watch: deps.watch, onEvent: hear, onError: deps.onError });

  function hear(directory: string, name: string | null): void {
    const inCommon = relativePath(commonDir, directory);
    const path = name === null ? null : inCommon === '' ? name : `${inCommon}/${name}`;
    if (path === null) {
      deps.onChange('config', null);
      return;
    }
    const linked = /^worktrees\/([^/]+)\/(.+)$/.exec(path);
    if (linked !== null) {
      const [, entry = '', rest = ''] = linked;
      const change = privateChange(rest, true);
      if (change !== null) deps.onChange(change, join(commonDir, 'worktrees', entry));
      return;
    }
    const own = privateChange(path, false);
    if (own !== null) deps.onChange(own, commonDir);
    const change = commonChange(path);
    if (change === null) return;
    if (change === 'refs' && path.startsWith('refs/')) deps.onChange(change, null, path);
    else deps.onChange(change, null);
    // A directory that was just made is not watched yet, and has perhaps been filled already.
    if (change === 'list' || change === 'tasks' || change === 'refs') void rearm(change);
  }

  async function rearm(change: GitChange): Promise<void> {
    const before = watches.size;
    await arm();
    if (!disposed && watches.size !== before) deps.onChange(change, null);
  }

  /** One at a time; asked again meanwhile, it looks again. */
  function arm(): Promise<boolean> {
    if (arming !== null) {
      again = true;
      return arming;
    }
    arming = (async () => {
      let refused: Error | null;
      do {
        again = false;
        refused = await watches.add(await wantedDirectories(commonDir));
        if (refused !== null) deps.onError(refused);
      } while (again && !disposed);
      arming = null;
      return refused === null;
    })();
    return arming;
  }

  return {
    arm,
    get size() {
      return watches.size;
    },
    dispose() {
      disposed = true;
      watches.dispose();
    },
  };
}

async function wantedDirectories(commonDir: string): Promise<readonly string[]> {
  const entries = await directoriesIn(join(commonDir, 'worktrees'));
  const refs: string[] = [];
  const queue = ['heads', 'remotes', 'tags'].map((name) => join(commonDir, 'refs', name));
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    refs.push(path);
    if (refs.length > MOST_REF_DIRECTORIES) break;
    // Tags are a base too seldom to watch each of their folders.
    if (path !== join(commonDir, 'refs', 'tags')) queue.push(...(await directoriesIn(path)));
  }
  return [
    commonDir,
    join(commonDir, 'refs'),
    ...refs,
    join(commonDir, 'info'),
    join(commonDir, 'reftable'),
    join(commonDir, 'orchard'),
    join(commonDir, 'orchard', 'tasks'),
    join(commonDir, 'worktrees'),
    ...entries,
    ...entries.map((entry) => join(entry, 'info')),
    ...((await keepsReftables(commonDir)) ? entries.map((entry) => join(entry, 'reftable')) : []),
  ];
}

async function directoriesIn(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}
