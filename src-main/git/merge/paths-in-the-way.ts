/**
 * What a move of a working tree from one commit to another would write over: git overwrites ignored
 * files and directories without a word (https://git-scm.com/docs/git-merge#Documentation/git-merge.txt---overwrite-ignore;
 * `reset --keep` has no such switch), so every path that the new tree needs and the old one lacks is
 * looked at where it would go.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { GitCommand } from '../run/git-command';
import { fields, gitFailure } from '../run/git-command';

type Env = Readonly<Record<string, string>>;

/** A person needs a few names, not a thousand. */
const MOST_NAMED = 50;

interface Change {
  readonly path: string;
  readonly status: string;
  readonly fromMode: string;
  readonly toMode: string;
}

/**
 * @param directory where git is asked; `tree` is the working tree that would move, and may be another
 * @returns '/'-separated paths below `tree`, each of which the move would destroy; a directory ends in '/'
 */
export async function pathsInTheWay(
  git: GitCommand,
  directory: string,
  tree: string,
  from: string,
  to: string,
  env: Env = {},
): Promise<Result<readonly string[], CommonFailure>> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--end-of-options', from, to];
  const listed = await git(directory, args, { mode: 'read', env, limitMs: 60_000 });
  if (listed.code !== 0) return fail(gitFailure(args, listed));
  const changes = readChanges(fields(listed.stdout));
  const gone = new Map(
    changes.filter(({ status }) => status === 'D').map(({ path }) => [folded(path), path]),
  );
  const found = new Set<string>();
  const looked = new Map<string, boolean>();
  const tracked = createTracked(git, directory, from, env);
  for (const change of changes) {
    if (found.size >= MOST_NAMED) break;
    if (change.status !== 'A' && !becomesOther(change)) continue;
    const above = await aboveInTheWay(tree, change.path, looked, tracked);
    if (above !== null) {
      found.add(above);
      continue;
    }
    if (looked.get(change.path) === true) continue;
    const there = await statOf(join(tree, change.path));
    if (there === null) continue;
    if (!there.isDirectory()) {
      if (change.status === 'A' && !(await isSame(tree, there, gone.get(folded(change.path)))))
        found.add(change.path);
      continue;
    }
    // A submodule goes into an empty directory, and git leaves what is in a full one alone; said all the same.
    const inside = await firstUnknownBelow(tree, change.path, tracked);
    if (!inside.ok) return inside;
    if (inside.value !== null) found.add(inside.value);
  }
  return ok([...found]);
}

/** `:<mode> <mode> <id> <id> <status>`, then the path. https://git-scm.com/docs/git-diff#_raw_output_format */
function readChanges(parts: readonly string[]): readonly Change[] {
  const changes: Change[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [fromMode = '', toMode = '', , , status = ''] = (parts[at] ?? '').slice(1).split(' ');
    changes.push({ path: parts[at + 1] ?? '', status, fromMode, toMode });
  }
  return changes;
}

const SUBMODULE = '160000';

/** A submodule that becomes a file, or the other way round: its directory holds a repository of its own. */
const becomesOther = ({ status, fromMode, toMode }: Change): boolean =>
  status === 'T' && (fromMode === SUBMODULE || toMode === SUBMODULE);

/** What case-insensitive and accent-normalizing disks take for one name. */
const folded = (path: string): string => path.normalize('NFC').toLowerCase();

async function statOf(path: string): Promise<BigIntStats | null> {
  return lstat(path, { bigint: true }).catch(() => null);
}

/** A rename that only changes case finds its own old file, where the disk has no case. */
async function isSame(tree: string, there: BigIntStats, old: string | undefined): Promise<boolean> {
  if (old === undefined) return false;
  const before = await statOf(join(tree, old));
  return before !== null && before.ino === there.ino && before.dev === there.dev;
}

/** The first directory of a path that is something else there, unless git knows that and takes it away itself. */
async function aboveInTheWay(
  tree: string,
  path: string,
  looked: Map<string, boolean>,
  tracked: Tracked,
): Promise<string | null> {
  const parts = path.split('/');
  for (let length = 1; length < parts.length; length++) {
    const above = parts.slice(0, length).join('/');
    let blocks = looked.get(above);
    if (blocks === undefined) {
      const there = await statOf(join(tree, above));
      blocks = there !== null && !there.isDirectory() && !(await tracked.has(above));
      looked.set(above, blocks);
    }
    if (blocks) return above;
  }
  return null;
}

interface Tracked {
  has(path: string): Promise<boolean>;
  below(path: string): Promise<Result<ReadonlySet<string>, CommonFailure>>;
}

function createTracked(git: GitCommand, directory: string, commit: string, env: Env): Tracked {
  const list = async (path: string): Promise<Result<readonly string[], CommonFailure>> => {
    const args = [
      '--literal-pathspecs',
      'ls-tree',
      '-r',
      '-z',
      '--name-only',
      '--full-tree',
      commit,
      '--',
      path,
    ];
    const listed = await git(directory, args, { mode: 'read', env, limitMs: 60_000 });
    return listed.code === 0 ? ok(fields(listed.stdout)) : fail(gitFailure(args, listed));
  };
  return {
    async has(path) {
      const listed = await list(path);
      return listed.ok && listed.value.includes(path);
    },
    async below(path) {
      const listed = await list(path);
      return listed.ok ? ok(new Set(listed.value)) : listed;
    },
  };
}

/** Something below a directory that the old commit does not have; null when git knows all of it. */
async function firstUnknownBelow(
  tree: string,
  path: string,
  tracked: Tracked,
): Promise<Result<string | null, CommonFailure>> {
  const known = await tracked.below(path);
  if (!known.ok) return known;
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    // What can't be read may hold anything.
    const entries = await readdir(join(tree, next), { withFileTypes: true }).catch(() => null);
    if (entries === null) return ok(`${next}/`);
    for (const entry of entries) {
      const inside = `${next}/${entry.name}`;
      // A directory that git knows by its own name is a submodule: what it holds, this commit does not.
      if (known.value.has(inside) && !entry.isDirectory()) continue;
      if (!entry.isDirectory()) return ok(known.value.size === 0 ? `${path}/` : inside);
      waiting.push(inside);
    }
  }
  return ok(null);
}
