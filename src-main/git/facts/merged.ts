/**
 * Whether a branch's work is in its base already, and how that is known. An answer other than null is
 * a promise that removing the branch loses nothing, so every test here errs towards null.
 *
 * Costs one process for an ancestor, two to four for "no". The answer for two commits never changes
 * (short of a change of merge configuration), so it is kept by pair of commits.
 */
import type { Merged } from '../../contract/snapshot';
import type { RepositoryLocation } from '../../domain/facts';
import type { GitCommand } from '../run/git-command';
import { lines, scratchObjects } from '../run/git-command';
import { withScratch } from '../run/scratch';

export interface MergedQuestion {
  readonly tip: string;
  /** The base and its fetched upstream; `name` is for the text. */
  readonly bases: readonly { readonly name: string; readonly commit: string }[];
  /** The commit that the branch was made at; null when nobody knows. */
  readonly createdAtCommit: string | null;
  /** Anything that is not committed: a dirty worktree is never merged. */
  readonly dirty: boolean;
  /** It had a remote branch that is gone: evidence for the text, not a proof. */
  readonly remoteGone?: boolean;
}

export interface MergedAnswer {
  readonly how: Merged;
  /** In words: "every commit is in main". */
  readonly text: string;
}

export interface MergedCheck {
  howMerged(location: RepositoryLocation, question: MergedQuestion): Promise<MergedAnswer>;
}

type Evidence = {
  readonly how: Exclude<Merged, null>;
  readonly patches: number;
  /** An ancestor that a merge commit brought into the base, not one that the base itself was at once. */
  readonly joined?: boolean;
} | null;

const limitMs = 15_000;
const mostKept = 4_000;

export function createMergedCheck(git: GitCommand): MergedCheck {
  const kept = new Map<string, Promise<Evidence>>();
  const evidence = (location: RepositoryLocation, tip: string, base: string) => {
    const key = `${location.commonDir}\0${tip}\0${base}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const found = compare(git, location, tip, base).then((answer) => {
      // What could not be found out now may be found out later.
      if (answer === 'unknown') kept.delete(key);
      return answer === 'unknown' ? null : answer;
    });
    kept.set(key, found);
    for (const oldest of kept.keys()) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    return found;
  };
  return {
    async howMerged(location, question) {
      if (question.dirty) return { how: null, text: 'not merged: it has work that is not committed' };
      if (question.tip === question.createdAtCommit)
        return { how: null, text: 'nothing on it yet: it is where it was made' };
      for (const base of question.bases) {
        const found = await evidence(location, question.tip, base.commit);
        // Without a commit of its own, only what it was made at tells a fresh branch from one that landed.
        if (found?.how === 'ancestor' && question.createdAtCommit === null && !found.joined)
          return {
            how: null,
            text: `nothing on it that ${base.name} has not, and where it was made is not known`,
          };
        if (found !== null) return { how: found.how, text: inWords(found, base.name, question.remoteGone) };
      }
      const names = question.bases.map((base) => base.name).join(' or ');
      return { how: null, text: `not merged into ${names}${gone(question.remoteGone)}` };
    },
  };
}

const gone = (remoteGone: boolean | undefined) =>
  remoteGone === true ? '; its branch on the remote is gone' : '';

function inWords(found: NonNullable<Evidence>, base: string, remoteGone: boolean | undefined): string {
  const how = {
    ancestor: `every commit is in ${base}`,
    'same-tree': `its files are exactly ${base}’s`,
    squash: `merging it would add nothing to ${base} (squash-merged)`,
    patches:
      found.patches === 1
        ? `its one patch is in ${base}`
        : `each of its ${found.patches} patches is in ${base}`,
  }[found.how];
  return how + gone(remoteGone);
}

async function compare(
  git: GitCommand,
  location: RepositoryLocation,
  tip: string,
  base: string,
): Promise<Evidence | 'unknown'> {
  const directory = location.root;
  const common = await git(directory, ['merge-base', '--end-of-options', tip, base], {
    mode: 'read',
    limitMs,
  });
  if (common.code === 1) return null; // no common history
  if (common.code !== 0) return 'unknown';
  const mergeBase = common.stdout.trim();
  if (mergeBase === tip)
    return { how: 'ancestor', patches: 0, joined: await wasJoined(git, directory, tip, base) };
  const trees = await treesOf(git, directory, tip, base);
  if (trees === null) return 'unknown';
  if (trees.tip === trees.base) return { how: 'same-tree', patches: 0 };
  // The base did not move: nothing else of the branch can be in it.
  if (mergeBase === base) return null;
  return withScratch(async (scratch) => {
    const env = scratchObjects(location.commonDir, scratch);
    const adds = await mergingAddsNothing(git, location, tip, base, trees.base, env);
    if (adds === 'unknown') return adds;
    if (adds) return { how: 'squash', patches: 0 };
    const each = await everyPatchIn(git, directory, tip, base, env);
    if (each === 'unknown') return each;
    if (each > 0) return { how: 'patches', patches: each };
    // Squash-merged, and the base has changed the same lines since: one commit there is the whole branch.
    const whole = await asOneCommit(git, directory, tip, mergeBase, env);
    if (whole === null) return 'unknown';
    const one = await everyPatchIn(git, directory, whole, base, env);
    if (one === 'unknown') return one;
    return one > 0 ? { how: 'squash', patches: 1 } : null;
  });
}

/** Whether the base was never at this ancestor itself: only a merge can have brought it in. */
async function wasJoined(git: GitCommand, directory: string, tip: string, base: string): Promise<boolean> {
  if (tip === base) return false;
  const args = ['rev-list', '--first-parent', '--parents', '--end-of-options', base, `^${tip}`];
  const listed = await git(directory, args, { mode: 'read', limitMs });
  const [, parent] = lines(listed.stdout).at(-1)?.split(' ') ?? [];
  return listed.code === 0 && parent !== undefined && parent !== tip;
}

/** The two trees of two commits; null when one can't be read. */
async function treesOf(
  git: GitCommand,
  directory: string,
  tip: string,
  base: string,
): Promise<{ tip: string; base: string } | null> {
  const found = await git(directory, ['rev-parse', `${tip}^{tree}`, `${base}^{tree}`], { mode: 'read' });
  const [ofTip, ofBase] = lines(found.stdout);
  if (found.code !== 0 || ofTip === undefined || ofBase === undefined) return null;
  return { tip: ofTip, base: ofBase };
}

type Env = Readonly<Record<string, string>>;

async function mergingAddsNothing(
  git: GitCommand,
  location: RepositoryLocation,
  tip: string,
  base: string,
  baseTree: string,
  env: Env,
): Promise<boolean | 'unknown'> {
  const merge = async (overrides: readonly string[]) => {
    const merged = await git(
      location.root,
      [
        ...overrides,
        'merge-tree',
        '--write-tree',
        '--name-only',
        '--no-messages',
        '--end-of-options',
        base,
        tip,
      ],
      { mode: 'read', env, limitMs },
    );
    if (merged.code === 1) return false;
    if (merged.code !== 0) return 'unknown';
    return merged.stdout.trim() === baseTree;
  };
  const first = await merge([]);
  if (first !== true) return first;
  // A merge driver such as `merge=ours` says "nothing to add" about anything; without it, does it hold?
  const drivers = await git(
    location.root,
    ['config', '--name-only', '-z', '--get-regexp', '^merge\\..*\\.driver$'],
    {
      mode: 'read',
    },
  );
  if (drivers.code === 1) return true;
  if (drivers.code !== 0) return 'unknown';
  const names = drivers.stdout.split('\0').filter((name) => name !== '');
  return merge(names.flatMap((name) => ['-c', `${name}=false`]));
}

/** More patches than this are not looked at one by one: "not merged" is the safe answer. */
const mostPatches = 100;

/**
 * How many patches of the branch there are, when each is in the base word for word, where it belongs and
 * to this day; 0 when one is not.
 * git's own comparison ignores white space (a re-indented Python file would count as merged), so what
 * it finds is compared again, exactly; and a merge commit counts only when it adds nothing by hand.
 */
async function everyPatchIn(
  git: GitCommand,
  directory: string,
  tip: string,
  base: string,
  env: Env,
): Promise<number | 'unknown'> {
  const read = (args: readonly string[], stdin?: string) =>
    git(directory, args, {
      mode: 'read',
      env: { ...env, ...orchardIdentity },
      limitMs,
      ...(stdin === undefined ? {} : { stdin }),
    });
  const marked = await read([
    'rev-list',
    '--left-right',
    '--cherry-mark',
    '--no-merges',
    '--end-of-options',
    `${base}...${tip}`,
  ]);
  if (marked.code !== 0) return 'unknown';
  const all = lines(marked.stdout);
  if (all.some((line) => line.startsWith('>'))) return 0;
  const equal = all.filter((line) => line.startsWith('=')).map((line) => line.slice(1));
  if (equal.length === 0) return 0;
  const own = await read(['rev-list', '--no-merges', '--end-of-options', tip, `^${base}`]);
  if (own.code !== 0) return 'unknown';
  const ours = new Set(lines(own.stdout));
  const patches = await exactPatches(read, equal);
  if (patches === null) return 'unknown';
  if (ours.size > mostPatches) return 0;
  const theirs = equal.filter((commit) => !ours.has(commit));
  for (const commit of ours) {
    const words = patches.get(commit);
    let landed: boolean | 'unknown' = false;
    for (const candidate of theirs)
      if (landed !== true && words !== undefined && patches.get(candidate) === words)
        landed = await landedAtItsPlace(read, commit, candidate, base);
    if (landed !== true) return landed === 'unknown' ? landed : 0;
  }

  const merges = await read([
    'log',
    '--merges',
    '--remerge-diff',
    '--format=',
    '--no-ext-diff',
    '--no-textconv',
    '--raw',
    '--end-of-options',
    tip,
    `^${base}`,
  ]);
  if (merges.code !== 0) return 'unknown';
  return merges.stdout.trim() === '' ? ours.size : 0;
}

type Read = (
  args: readonly string[],
  stdin?: string,
) => Promise<{ readonly code: number | null; readonly stdout: string }>;

/**
 * Whether a commit of the base did what this one does, at the same place, and the base still has it. The
 * same words elsewhere in a file are another change; what was reverted since is not there. Asked by merges:
 * ours onto what the base was then must give what the base became, and taking it back now must change
 * every file that it changed.
 */
async function landedAtItsPlace(
  read: Read,
  own: string,
  theirs: string,
  base: string,
): Promise<boolean | 'unknown'> {
  const places = await read([
    'rev-parse',
    `${own}^1`,
    `${theirs}^1^{tree}`,
    `${theirs}^{tree}`,
    `${base}^{tree}`,
  ]);
  const [ownParent, before, after, now] = lines(places.stdout);
  // A root commit has no place to compare.
  if (places.code !== 0 || ownParent === undefined || before === undefined || now === undefined) return false;
  const commit = async (tree: string, parent: string) => {
    const made = await read(['commit-tree', '-p', parent, '-m', 'place', tree]);
    return made.code === 0 ? made.stdout.trim() : null;
  };
  const mergeTree = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', '--end-of-options'];
  // git 2.39 has no `--merge-base`: a commit with the wanted parent says what the base of the merge is.
  const then = await commit(before, ownParent);
  if (then === null) return 'unknown';
  const applied = await read([...mergeTree, then, own]);
  if (applied.code === 1) return false;
  if (applied.code !== 0) return 'unknown';
  if (applied.stdout.split('\0')[0]?.trim() !== after) return false;

  const undone = await commit(before, theirs);
  if (undone === null) return 'unknown';
  const takenBack = await read([...mergeTree, base, undone]);
  if (takenBack.code !== 0 && takenBack.code !== 1) return 'unknown';
  const [result = '', ...conflicting] = takenBack.stdout.split('\0');
  const changed = async (from: string, to: string) => {
    const listed = await read(['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to]);
    return listed.code === 0 ? listed.stdout.split('\0').filter((name) => name !== '') : null;
  };
  const [touched, mine] = await Promise.all([changed(now, result.trim()), changed(before, after ?? '')]);
  if (touched === null || mine === null) return 'unknown';
  const still = new Set([...touched, ...conflicting]);
  return mine.every((name) => still.has(name));
}

async function exactPatches(
  read: Read,
  commits: readonly string[],
): Promise<ReadonlyMap<string, string> | null> {
  const shown = await read(
    [
      'diff-tree',
      '--stdin',
      '--root',
      '-r',
      '-p',
      '--full-index',
      '--binary',
      '--no-ext-diff',
      '--no-textconv',
      '--no-renames',
      '--no-color',
      '--src-prefix=a/',
      '--dst-prefix=b/',
      '-U3',
      '--diff-algorithm=myers',
      '--format=%x00%H',
    ],
    `${commits.join('\n')}\n`,
  );
  if (shown.code !== 0) return null;
  const found = new Map<string, string>();
  for (const part of shown.stdout.split('\0').slice(1)) {
    const end = part.indexOf('\n');
    // Where a hunk stands may differ, and so may what the rest of the file was; the words may not.
    const patch = part
      .slice(end + 1)
      .replace(/^@@ -[0-9,]+ \+[0-9,]+ @@.*$/gm, '@@')
      .replace(
        /^index [0-9a-f]+\.\.[0-9a-f]+( [0-7]+)?\n(?!GIT binary patch)/gm,
        (_line, mode: string | undefined) => (mode === undefined ? '' : `mode${mode}\n`),
      )
      .trim();
    found.set(part.slice(0, end).trim(), patch);
  }
  return found;
}

async function asOneCommit(
  git: GitCommand,
  directory: string,
  tip: string,
  mergeBase: string,
  env: Env,
): Promise<string | null> {
  const made = await git(directory, ['commit-tree', '-p', mergeBase, '-m', 'whole', `${tip}^{tree}`], {
    mode: 'read',
    env: { ...env, ...orchardIdentity },
  });
  return made.code === 0 ? made.stdout.trim() : null;
}

/** For commits that never reach a branch: they must not depend on the person's `user.name`. */
export const orchardIdentity: Env = {
  GIT_AUTHOR_NAME: 'Orchard',
  GIT_AUTHOR_EMAIL: 'orchard@localhost',
  GIT_COMMITTER_NAME: 'Orchard',
  GIT_COMMITTER_EMAIL: 'orchard@localhost',
};
