/** An observer over a sandbox, with what tests want to see of it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RepositoryFacts, WorktreeFacts } from '../../src-main/domain/facts';
import { createTaskRecords } from '../../src-main/git/kept/task-records';
import { createFactsCache } from '../../src-main/git/observe/facts-cache';
import { createGitObserver, type GitObserverDeps } from '../../src-main/git/observe/observer';
import { createGitHost } from '../../src-main/git/run/git-host';
import type { GitCall, GitRunner } from '../../src-main/git/run/git-runner';
import { poll } from './poll';
import { realClock } from './real-clock';
import type { Sandbox } from './repositories';
import { createSilentLog } from './silent-log';

/** A runner that writes down what it was asked. */
export async function recordingRunner(sandbox: Sandbox) {
  const emptyDirectory = join(sandbox.root, 'no-hooks');
  await mkdir(emptyDirectory, { recursive: true });
  const host = createGitHost({ git: 'git', env: sandbox.env, emptyDirectory, concurrency: 2 });
  const calls: GitCall[] = [];
  const runner: GitRunner = {
    ...host,
    run(call) {
      calls.push(call);
      return host.run(call);
    },
  };
  return { runner, calls, verbs: () => calls.map((call) => call.args[0] ?? '') };
}

export async function createObserving(sandbox: Sandbox, options: Partial<GitObserverDeps> = {}) {
  const log = createSilentLog();
  const { runner, calls, verbs } = await recordingRunner(sandbox);
  const observer = createGitObserver({
    runner,
    clock: realClock,
    log,
    platform: 'linux',
    gitVersion: '2.39.5',
    watch: true,
    records: createTaskRecords({ log }),
    configuredBase: () => Promise.resolve(null),
    newestNote: () => Promise.resolve(null),
    howMerged: null,
    cache: createFactsCache({ directory: join(sandbox.root, 'cache'), log }),
    ...options,
  });
  const seen: RepositoryFacts[] = [];
  observer.onFacts((facts) => seen.push(facts));
  onTestFinished(() => observer.dispose());

  const facts = () => {
    const last = seen.at(-1);
    if (last === undefined) throw new Error('no facts yet');
    return last;
  };
  const at = (path: string): WorktreeFacts => {
    const found = facts().worktrees.find((worktree) => worktree.path === path);
    if (found === undefined) throw new Error(`no row for ${path}: ${facts().worktrees.map((w) => w.path)}`);
    return found;
  };
  return {
    observer,
    log,
    calls,
    verbs,
    seen,
    facts,
    at,
    async open(...directories: string[]) {
      const locations = [];
      for (const directory of directories) {
        const location = await observer.locate(directory);
        if (location === null) throw new Error(`no repository at ${directory}`);
        locations.push(location);
      }
      await observer.observe(locations);
      return locations;
    },
    /** Until every worktree that can be is watched, and nothing is left to read. */
    async watched(count?: number) {
      await poll(
        () => facts().worktrees.filter((worktree) => !worktree.missing),
        (rows) =>
          rows.length > 0 &&
          (count === undefined || rows.length === count) &&
          rows.every((worktree) => worktree.watched === 'files'),
        { what: 'watching all worktrees' },
      );
      await quiet();
    },
    quiet,
    /** Polls the row of a worktree. */
    until: (path: string, good: (row: WorktreeFacts) => boolean, what = 'the row') =>
      poll(
        () => facts().worktrees.find((worktree) => worktree.path === path),
        (row) => row !== undefined && good(row),
        { what },
      ),
  };

  /** Until no process ran for a while: what was noticed has been read. */
  async function quiet() {
    let count = -1;
    let stable = 0;
    await poll(
      () => {
        const now = calls.length;
        const { running, queued } = observer.performance().processes;
        stable = now === count && running === 0 && queued === 0 ? stable + 1 : 0;
        count = now;
        return stable;
      },
      (times) => times > 12,
      { everyMs: 30, what: 'quiet' },
    );
  }
}
