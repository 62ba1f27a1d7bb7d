/**
 * Work that exists only in the submodules of one worktree: commits that no remote and no other
 * repository has, stashes, and files that are committed nowhere. It goes with the worktree.
 */
import { join } from 'node:path';
import type { CommonFailure, FileFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { SubmoduleWork } from '../../domain/facts';
import { fileFailure } from '../../system/file-failure';
import { textOrNull } from '../../system/small-reads';
import type { GitCommand, GitOutcome } from '../run/git-command';
import { gitFailure, lines } from '../run/git-command';
import { hiddenEdits } from './hidden-edits';
import { gitlinks, insideOf, type Submodule, submodulesOf } from './submodules';
import { readWorkingState } from './working-state';

/** Asking a remote for its tags; without an answer they count as being here only. */
const TAGS_MS = 8_000;

/** @param checkout `path` null when the directory is away: what its repositories hold is looked at all the same */
export async function submoduleWork(
  git: GitCommand,
  checkout: { readonly path: string | null; readonly gitDir: string },
  commonDir: string,
): Promise<Result<readonly SubmoduleWork[], CommonFailure | FileFailure>> {
  const listed = await listOf(git, checkout, commonDir);
  if (!listed.ok) return listed;
  const found: SubmoduleWork[] = [];
  for (const submodule of listed.value) {
    const { name, workTree, gitDir } = submodule;
    const lonely = submodule.goesAlong
      ? await lonelyCommits(git, submodule)
      : ok({ commits: 0, on: [], stashes: 0 });
    if (!lonely.ok) return lonely;
    const files: string[] = [];
    if (workTree !== null) {
      const state = await readWorkingState(git, workTree, []);
      if (!state.ok) return state;
      const hidden = await hiddenEdits(git, workTree, gitDir);
      if (!hidden.ok) return hidden;
      const { staged, changed, unmerged, untracked } = state.value;
      const all = new Set([...unmerged, ...staged, ...changed, ...untracked, ...hidden.value]);
      files.push(...[...all].map((file) => `${name}/${file}`));
    }
    const { commits, on, stashes } = lonely.value;
    if (commits + stashes + files.length > 0) found.push({ name, commits, on, stashes, files });
  }
  return ok(found);
}

/**
 * Submodule commits that a branch records and that the submodule's remote does not have, as far as is
 * known here: whoever pulls the branch can't check them out. Nested ones as well.
 *
 * @param pushed the branch's tip, and the commit since which the steps on the way are pushed as well; null
 *   when only the tip's content is (a squash)
 */
export async function unpushedGitlinks(
  git: GitCommand,
  checkout: { readonly path: string; readonly gitDir: string },
  commonDir: string,
  pushed: { readonly tip: string; readonly since: string | null },
): Promise<Result<readonly string[], CommonFailure | FileFailure>> {
  const listed = await listOf(git, checkout, commonDir);
  if (!listed.ok) return listed;
  const submodules = new Map(listed.value.map((one) => [one.name, one] as const));
  if (submodules.size === 0) return ok([]);
  const unpushed = new Set<string>();
  const looked = new Set<string>();
  const look = async (
    directory: string,
    env: Readonly<Record<string, string>> | undefined,
    commit: string,
    prefix: string,
  ): Promise<Result<void, CommonFailure>> => {
    for (const link of await gitlinks(git, directory, commit, env)) {
      const name = `${prefix}${link.path}`;
      const submodule = submodules.get(name);
      if (submodule === undefined || looked.has(`${name} ${link.commit}`)) continue;
      looked.add(`${name} ${link.commit}`);
      const inside = insideOf(submodule);
      const present = await git(submodule.gitDir, ['cat-file', '-e', `${link.commit}^{commit}`], {
        mode: 'read',
        env: inside,
      });
      // Nothing can be said of a commit that isn't here; it was made elsewhere.
      if (present.code !== 0) continue;
      const counted = await countBeyondRemotes(git, submodule, [link.commit]);
      if (!counted.ok) return counted;
      if (counted.value > 0) unpushed.add(`${name} (${link.commit.slice(0, 9)})`);
      const nested = await look(submodule.gitDir, inside, link.commit, `${name}/`);
      if (!nested.ok) return nested;
    }
    return ok(undefined);
  };
  const commits = new Set([pushed.tip]);
  if (pushed.since !== null) {
    const paths = [...submodules.keys()].map((name) => `:(top,literal)${name}`);
    const args = ['rev-list', '--end-of-options', pushed.tip, `^${pushed.since}`, '--', ...paths];
    const steps = await git(checkout.path, args, { mode: 'read' });
    if (steps.code !== 0) return fail(gitFailure(args, steps));
    for (const commit of lines(steps.stdout)) commits.add(commit);
  }
  for (const commit of commits) {
    const done = await look(checkout.path, undefined, commit, '');
    if (!done.ok) return done;
  }
  return ok([...unpushed]);
}

/** A directory that can't be listed may hold anything: that is told, and stops what asked. */
const listOf = (
  git: GitCommand,
  checkout: { readonly path: string | null; readonly gitDir: string },
  commonDir: string,
): Promise<Result<readonly Submodule[], FileFailure>> =>
  submodulesOf(git, checkout, commonDir).then(ok, (error: unknown) =>
    fail(fileFailure(error, join(checkout.gitDir, 'modules'))),
  );

interface Tip {
  readonly commit: string;
  readonly where: string;
}

async function lonelyCommits(
  git: GitCommand,
  submodule: Submodule,
): Promise<Result<Pick<SubmoduleWork, 'commits' | 'on' | 'stashes'>, CommonFailure>> {
  const env = insideOf(submodule);
  const ask = (args: readonly string[]) => git(submodule.gitDir, args, { mode: 'read', env });
  const args = ['for-each-ref', '--format=%(objectname) %(refname) %(*objectname)'];
  const listed = await ask(args);
  if (listed.code !== 0) return fail(gitFailure(args, listed));
  const tips: Tip[] = [];
  const tags: (Tip & { readonly object: string; readonly ref: string })[] = [];
  let stashes = 0;
  for (const line of lines(listed.stdout)) {
    const [object = '', ref = '', peeled = ''] = line.split(' ');
    const commit = peeled === '' ? object : peeled;
    if (ref === 'refs/stash') stashes = await countStashes(ask);
    else if (ref.startsWith('refs/tags/'))
      tags.push({ commit, object, ref, where: `tag ${ref.slice('refs/tags/'.length)}` });
    else if (!ref.startsWith('refs/remotes/'))
      tips.push({ commit, where: ref.replace(/^refs\/heads\//, '') });
  }
  const head = await ask(['rev-parse', '-q', '--verify', 'HEAD^{commit}']);
  if (head.code === 0) tips.push({ commit: head.stdout.trim(), where: 'its HEAD' });
  const alone = await beyond(git, submodule, tips);
  if (!alone.ok) return alone;
  const tagged = await beyond(git, submodule, tags);
  if (!tagged.ok) return tagged;
  const ownTags = await tagsOnlyHere(git, submodule, tags, tagged.value);
  const lonely = [...alone.value, ...ownTags];
  if (lonely.length === 0) return ok({ commits: 0, on: [], stashes });
  const counted = await countBeyondRemotes(
    git,
    submodule,
    lonely.map(({ commit }) => commit),
  );
  if (!counted.ok) return counted;
  // A detached HEAD is named only where no branch says it better.
  const named = lonely.filter(
    ({ where, commit }) =>
      where !== 'its HEAD' || !lonely.some((one) => one.where !== where && one.commit === commit),
  );
  return ok({ commits: counted.value, on: named.map(({ where }) => where), stashes });
}

/** The tips with commits that neither a remote nor another repository of the same submodule has. */
async function beyond<T extends Tip>(
  git: GitCommand,
  submodule: Submodule,
  tips: readonly T[],
): Promise<Result<readonly T[], CommonFailure>> {
  if (tips.length === 0) return ok([]);
  const all = await countBeyondRemotes(
    git,
    submodule,
    tips.map(({ commit }) => commit),
  );
  if (!all.ok) return all;
  if (all.value === 0) return ok([]);
  const found: T[] = [];
  for (const tip of tips) {
    const counted = await countBeyondRemotes(git, submodule, [tip.commit]);
    if (!counted.ok) return counted;
    if (counted.value > 0 && !(await isInSibling(git, submodule, tip.commit))) found.push(tip);
  }
  return ok(found);
}

async function countBeyondRemotes(
  git: GitCommand,
  submodule: Submodule,
  commits: readonly string[],
): Promise<Result<number, CommonFailure>> {
  const args = ['rev-list', '--count', '--ignore-missing', '--stdin', '--not', '--remotes'];
  // What was fetched by its name alone stands in no remote branch, yet the remote has it.
  const fetched = ((await textOrNull(join(submodule.gitDir, 'FETCH_HEAD'))) ?? '')
    .split('\n')
    .flatMap((line) => /^[0-9a-f]{40,64}(?=\t)/.exec(line) ?? []);
  const stdin = `${[...commits, ...fetched.map((name) => `^${name}`)].join('\n')}\n`;
  const counted = await git(submodule.gitDir, args, { mode: 'read', env: insideOf(submodule), stdin });
  return counted.code === 0 ? ok(Number(counted.stdout.trim())) : fail(gitFailure(args, counted));
}

async function isInSibling(git: GitCommand, { siblings }: Submodule, commit: string): Promise<boolean> {
  for (const gitDir of siblings) {
    const env = { GIT_DIR: gitDir, GIT_WORK_TREE: gitDir };
    const onRef = await git(gitDir, ['for-each-ref', '--count=1', '--format=x', `--contains=${commit}`], {
      mode: 'read',
      env,
    });
    if (onRef.code === 0 && onRef.stdout.trim() !== '') return true;
    const onHead = await git(gitDir, ['merge-base', '--is-ancestor', commit, 'HEAD'], { mode: 'read', env });
    if (onHead.code === 0) return true;
  }
  return false;
}

/** A clone brings tags of commits that are on no branch; only the remote can say that it has them. */
async function tagsOnlyHere<T extends Tip & { readonly object: string; readonly ref: string }>(
  git: GitCommand,
  submodule: Submodule,
  all: readonly T[],
  lonely: readonly T[],
): Promise<readonly T[]> {
  if (lonely.length === 0 || all.length === 0) return [];
  const env = insideOf(submodule);
  const remotes = await git(submodule.gitDir, ['remote'], { mode: 'read', env });
  const there = new Set<string>();
  for (const remote of lines(remotes.stdout)) {
    const asked = await git(submodule.gitDir, ['ls-remote', '--tags', '--end-of-options', remote], {
      mode: 'read',
      env,
      limitMs: TAGS_MS,
    });
    if (asked.code === 0) for (const line of lines(asked.stdout)) there.add(line.replace('\t', ' '));
  }
  return lonely.filter(({ object, ref }) => !there.has(`${object} ${ref}`));
}

async function countStashes(ask: (args: readonly string[]) => Promise<GitOutcome>): Promise<number> {
  const listed = await ask(['rev-list', '--walk-reflogs', '--count', 'refs/stash']);
  // Without a reflog there is the newest one at least.
  return listed.code === 0 ? Math.max(1, Number(listed.stdout.trim())) : 1;
}
