/**
 * Pins: one ref per operation, `refs/orchard/backup/<operation>`, whose commit holds on to everything
 * that a worktree's entry was the only holder of, so that no `gc` collects it while it is in trash.
 * Untracked content never enters the object store.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailureOf } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import { orchardIdentity } from '../facts/merged';
import { keepsReftables, reftableNames } from '../facts/reflog-names';
import type { GitCommand, GitOutcome } from '../run/git-command';
import { fields, gitFailure, lines } from '../run/git-command';
import { withScratch } from '../run/scratch';

type PinFailure = FailureOf<'git-failed' | 'timed-out' | 'cancelled'>;

export const backupRef = (operation: string): string => `refs/orchard/backup/${operation}`;

const limitMs = 60_000;
const parentsPerCommit = 200;
/** Nothing that names a commit is longer; an `index` or a packed file is not read. */
const longestText = 4 * 1024 * 1024;
const objectName = /\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b/g;

export interface PinRequest {
  readonly operation: string;
  readonly commits: readonly string[];
  /** A worktree's private git directory: its index, reflog, refs and operation under way. */
  readonly gitDir: string | null;
  readonly branch: string | null;
  /** What is being done, kept in the pin's message: found again when every record is lost. */
  readonly work: unknown;
}

export async function pin(
  git: GitCommand,
  location: RepositoryLocation,
  request: PinRequest,
): Promise<Result<void, PinFailure>> {
  const quiet = async (
    args: readonly string[],
    call: { stdin?: string; env?: Readonly<Record<string, string>> } = {},
  ): Promise<Result<GitOutcome, PinFailure>> => {
    const outcome = await git(location.root, args, { mode: 'quiet', limitMs, ...call });
    return outcome.code === 0 ? ok(outcome) : fail(gitFailure(args, outcome));
  };

  const named = new Set(request.commits);
  const logs = [
    ...(request.gitDir === null ? [] : await namedIn(request.gitDir)),
    ...(request.branch === null
      ? []
      : await namesOf(join(location.commonDir, 'logs', 'refs', 'heads', request.branch))),
  ];
  if (await keepsReftables(location.commonDir)) logs.push(...(await reftableNames(git, location, request)));
  for (const name of logs) if (!/^0+$/.test(name)) named.add(name);

  const checked = await quiet(['cat-file', '--batch-check=%(objecttype) %(objectname)'], {
    stdin: `${[...named].join('\n')}\n`,
  });
  if (!checked.ok) return checked;
  const kinds = lines(checked.value.stdout).map((line) => line.split(' '));
  const commits = kinds.filter(([kind]) => kind === 'commit').map(([, name]) => name ?? '');
  const trees = kinds.filter(([kind]) => kind === 'tree').map(([, name]) => name ?? '');

  const entries = trees.map((tree, at) => `040000 tree ${tree}\ttree-${at}`);
  if (request.gitDir !== null) {
    const stages = await stageTrees(git, location, request.gitDir);
    if (!stages.ok) return stages;
    for (const [stage, tree] of stages.value) entries.push(`040000 tree ${tree}\tstage-${stage}`);
  }
  const root = await quiet(['mktree'], { stdin: entries.map((entry) => `${entry}\n`).join('') });
  if (!root.ok) return root;
  const tree = root.value.stdout.trim();

  let last: string | null = null;
  for (let at = 0; last === null || at < commits.length; at += parentsPerCommit) {
    const parents: readonly string[] = [
      ...(last === null ? [] : [last]),
      ...commits.slice(at, at + parentsPerCommit),
    ];
    const made: Result<GitOutcome, PinFailure> = await quiet(
      ['commit-tree', ...parents.flatMap((parent) => ['-p', parent]), '-F', '-', tree],
      { env: orchardIdentity, stdin: `${title(request.operation)}${JSON.stringify(request.work)}\n` },
    );
    if (!made.ok) return made;
    last = made.value.stdout.trim();
  }
  const kept = await quiet(['update-ref', backupRef(request.operation), last]);
  return kept.ok ? ok(undefined) : kept;
}

const title = (operation: string): string => `Backup of ${operation}\n\n`;

/** The `work` that an operation was pinned with; null without a pin, or one that can't be read. */
export async function pinnedWork(
  git: GitCommand,
  location: RepositoryLocation,
  operation: string,
): Promise<unknown> {
  const args = ['log', '-1', '--no-show-signature', '--encoding=UTF-8', '--format=%B', backupRef(operation)];
  const shown = await git(location.root, [...args, '--'], { mode: 'read' });
  if (shown.code !== 0 || !shown.stdout.startsWith(title(operation))) return null;
  try {
    return JSON.parse(shown.stdout.slice(title(operation).length));
  } catch {
    return null;
  }
}

export async function unpin(git: GitCommand, location: RepositoryLocation, operation: string): Promise<void> {
  // Absent already is as good.
  await git(location.root, ['update-ref', '-d', backupRef(operation)], { mode: 'quiet' });
}

/** Object names in a worktree's private git directory: reflog, pseudo-refs, refs, operation under way. */
async function namedIn(gitDir: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    for (const item of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, item.name);
      if (item.isDirectory()) {
        // A submodule's own repository moves along with the entry and holds its objects itself.
        if (item.name !== 'modules' && depth < 8) await walk(path, depth + 1);
      } else if (item.isFile() && !/^(index|.*\.lock|gitdir|commondir|config.*)$/.test(item.name))
        found.push(...(await namesOf(path)));
    }
  };
  await walk(gitDir, 0);
  return found;
}

async function namesOf(file: string): Promise<readonly string[]> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0 || size > longestText) return [];
  return (await readFile(file, 'latin1')).match(objectName) ?? [];
}

/**
 * The staged content that HEAD does not hold, as one tree per stage: `write-tree` alone fails on an
 * index with unmerged entries.
 */
async function stageTrees(
  git: GitCommand,
  location: RepositoryLocation,
  gitDir: string,
): Promise<Result<ReadonlyMap<string, string>, PinFailure>> {
  const index = join(gitDir, 'index');
  const present = await stat(index).then(
    () => true,
    () => false,
  );
  if (!present) return ok(new Map());
  const args = ['ls-files', '--stage', '-z'];
  const listed = await git(location.root, args, { mode: 'read', limitMs, env: { GIT_INDEX_FILE: index } });
  if (listed.code !== 0) return fail(gitFailure(args, listed));
  const all = fields(listed.stdout).flatMap((line) => {
    const match = /^([0-7]+) ([0-9a-f]+) ([0-3])\t(.*)$/s.exec(line);
    if (match === null) return [];
    const [, mode = '', name = '', stage = '', path = ''] = match;
    return [{ mode, name, stage, path }];
  });
  const blobs = [...new Set(all.filter((entry) => entry.mode !== '160000').map((entry) => entry.name))];
  const checkArgs = ['cat-file', '--batch-check=%(objecttype) %(objectname)'];
  const checked = await git(location.root, checkArgs, {
    mode: 'read',
    limitMs,
    stdin: `${blobs.join('\n')}\n`,
  });
  if (checked.code !== 0) return fail(gitFailure(checkArgs, checked));
  // `git add -N` names the empty blob without writing it; a tree with it would fail `fsck`.
  const here = new Set(lines(checked.stdout).map((line) => line.split(' ')[1] ?? ''));
  return withScratch(async (scratch) => {
    const trees = new Map<string, string>();
    for (const stage of ['0', '1', '2', '3']) {
      const own = all.filter(
        (entry) => entry.stage === stage && (entry.mode === '160000' || here.has(entry.name)),
      );
      if (own.length === 0) continue;
      const env = { GIT_INDEX_FILE: join(scratch, `stage-${stage}`) };
      const steps: readonly (readonly [readonly string[], string])[] = [
        [
          ['update-index', '-z', '--index-info'],
          own.map((entry) => `${entry.mode} ${entry.name} 0\t${entry.path}\0`).join(''),
        ],
        [['write-tree', '--missing-ok'], ''],
      ];
      let written = '';
      for (const [step, stdin] of steps) {
        const done = await git(location.root, step, { mode: 'quiet', limitMs, env, stdin });
        if (done.code !== 0) return fail(gitFailure(step, done));
        written = done.stdout.trim();
      }
      trees.set(stage, written);
    }
    return ok(trees);
  });
}
