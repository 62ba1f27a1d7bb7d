/** Reads everything that the plan of a merge rests on; writes nothing but a fetched upstream. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { MergeFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { Collision } from '../../contract/snapshot';
import { nestedIn, pathStyleOf } from '../../domain/containment';
import type { BaseCheckout, ConflictFile, MergeChoices, MergeFacts } from '../../domain/merge-plan';
import type {
  FoundWorktree,
  Landing,
  MergeSurvey,
  MergeWork,
  RepositoryHooks,
  RepositoryLocation,
} from '../../engine/ports';
import { type Base, isAncestor, readBase } from '../facts/base';
import { hashOf, strayFiles } from '../facts/changes';
import { type Checkout, findCheckout, proveCheckout } from '../facts/checkouts';
import { mergeTrees } from '../facts/prediction';
import { remoteCommit, remotePlaceOf } from '../facts/remote-branch';
import { unpushedGitlinks } from '../facts/submodule-work';
import { readWorkingState } from '../facts/working-state';
import type { GitCommand } from '../run/git-command';
import { fields, gitFailure, lines, scratchObjects } from '../run/git-command';
import { withScratch } from '../run/scratch';
import { changedFiles } from './changed-files';
import { type JudgedCode, judgeCode } from './judged-code';
import { pathsInTheWay } from './paths-in-the-way';
import { predictedRegions } from './predicted-regions';
import { buildRebase } from './rebase-in-memory';

export interface LandingSurveyDeps {
  readonly git: GitCommand;
  readonly hooks: RepositoryHooks;
  readonly platform: 'darwin' | 'linux' | 'win32';
}

const fetchMs = 10_000;

export async function surveyLanding(
  deps: LandingSurveyDeps,
  found: FoundWorktree,
  choices: MergeChoices,
  options: Parameters<Landing['survey']>[2],
): Promise<Result<MergeSurvey, MergeFailure>> {
  const { git } = deps;
  const { location, worktree } = found;
  const listed = await findCheckout(git, location, worktree);
  if (!listed.ok) return listed;
  const { checkouts, here } = listed.value;
  if (here.isMain) return fail({ kind: 'is-main-worktree', path: here.path });
  if (here.missing) return fail({ kind: 'worktree-missing', path: here.path });
  if (here.ongoing !== null)
    return fail({ kind: 'operation-under-way', path: here.path, operation: here.ongoing });
  if (here.branch === null) return fail({ kind: 'detached', path: here.path });
  if (here.head === null) return fail({ kind: 'no-commits', repository: location.name });
  const tip = here.head;

  const read = await readBase(
    git,
    location,
    choices.base ?? worktree.record?.base ?? worktree.base,
    options.fetch ? { limitMs: fetchMs, signal: options.signal } : null,
  );
  if (!read.ok) return read;
  const base = read.value;
  if (base.name === here.branch) return fail({ kind: 'is-main-worktree', path: here.path });

  const inside = insideOf(deps, checkouts, here);
  const state = await readWorkingState(git, here.path, inside);
  if (!state.ok) return state;
  const stray = await strayFiles(here.path, state.value.untracked, worktree.record?.copies ?? {});
  const behind = await isAncestor(git, location, base.tip, tip);
  if (!behind.ok) return behind;
  const counts = await countsOf(git, location, base.tip, tip);
  if (!counts.ok) return counts;
  const holders = checkouts.filter((one) => one !== here && one.holds.includes(base.name));

  const [holding] = holders;
  const code = {
    only: options.only,
    choices,
    behind: !behind.value,
    configured: options.configured,
    worktree: here.path,
    baseCheckout: holding === undefined || holding.missing ? null : holding.path,
  };
  const predicted = await predict(
    git,
    location,
    here,
    base,
    tip,
    !behind.value,
    choices,
    holding ?? null,
    (prediction) => judgeCode(deps, location, code, prediction),
  );
  if (!predicted.ok) return predicted;
  const { conflicts, addsNothing, inTheWay, baseInTheWay, validation, hooks, files } = predicted.value;
  const baseCheckouts: BaseCheckout[] = [];
  for (const holder of holders) {
    const checked = await baseState(
      deps,
      location,
      checkouts,
      holder,
      holder === holders[0] ? baseInTheWay : [],
    );
    if (!checked.ok) return checked;
    baseCheckouts.push(checked.value);
  }

  const compared = holders[0] ?? checkouts.find((one) => one.isMain && one.problem === null) ?? null;
  const remotes = lines((await git(location.root, ['remote'], { mode: 'read' })).stdout);
  const remote = base.upstream?.remote ?? (remotes.includes('origin') ? 'origin' : (remotes[0] ?? null));
  const branchOnRemote =
    choices.strategy === 'pr' && options.only === 'merge' && remote !== null
      ? await branchPlace(git, location, here.branch, remote, options.signal)
      : null;
  if (branchOnRemote === 'unknown')
    return fail({ kind: 'push-refused', remote: remote ?? '', details: 'It does not answer.' });
  if (options.signal.aborted) return fail({ kind: 'cancelled' });
  const pushes = options.only === 'merge' && (choices.push || choices.strategy === 'pr');
  const submodulesUnpushed = pushes
    ? await unpushedGitlinks(git, here, location.commonDir, {
        tip,
        since: choices.strategy === 'squash' ? null : base.tip,
      })
    : ok([]);
  if (!submodulesUnpushed.ok) return submodulesUnpushed;

  const facts: MergeFacts = {
    path: here.path,
    isMain: false,
    missing: false,
    branch: here.branch,
    tip,
    ahead: counts.value.ahead,
    addsNothing,
    behind: !behind.value,
    mergeCommits: counts.value.merges,
    tracked: [...new Set([...state.value.staged, ...state.value.changed])],
    unmerged: state.value.unmerged,
    stray,
    ongoing: here.ongoing,
    base: base.name,
    baseLocal: base.local,
    baseInsteadOf: base.insteadOf,
    freshness: base.freshness,
    hasUpstream: base.upstream !== null,
    remote,
    baseCheckouts,
    conflicts,
    noIdentity: await noIdentity(git, here.path),
    submodulesUnpushed: submodulesUnpushed.value,
    inTheWay,
    carryOver:
      compared === null ? [] : await carryOver(git, here.path, compared.path, worktree.record?.copies ?? {}),
    collisions:
      options.only === 'rebase'
        ? []
        : found.collisions === null
          ? await collidingWith(deps, found, tip, base.name, true)
          : named(found, found.collisions),
    skippedHooks: await skippedHooks(deps, location, here.path, choices, options.only),
  };
  return ok({
    facts,
    validation,
    hooks,
    files,
    baseTip: base.tip,
    upstream: base.upstream,
    branchOnRemote,
    fingerprint: createHash('sha256')
      .update(
        JSON.stringify([
          here.path,
          here.branch,
          tip,
          base.name,
          state.value.fingerprint,
          baseCheckouts,
          conflicts.map((conflict) => conflict.file),
          branchOnRemote?.seen ?? null,
          validation.map((command) => command.text),
          hooks.map((hook) => hook.text),
        ]),
      )
      .digest('hex'),
  });
}

/** https://git-scm.com/docs/git-var: it fails where a commit would, for the same reasons. */
async function noIdentity(git: GitCommand, directory: string): Promise<string | null> {
  const asked = await git(directory, ['var', 'GIT_COMMITTER_IDENT'], { mode: 'read' });
  return asked.code === 0 || asked.code === null ? null : asked.stderr.trim().slice(-4_000);
}

const insideOf = (deps: LandingSurveyDeps, checkouts: readonly Checkout[], here: Checkout) =>
  nestedIn(here.path, checkouts, pathStyleOf(deps.platform)).map((one) => one.path);

async function countsOf(
  git: GitCommand,
  location: RepositoryLocation,
  base: string,
  tip: string,
): Promise<Result<{ readonly ahead: number; readonly merges: number }, MergeFailure>> {
  const count = async (...more: string[]) => {
    const args = ['rev-list', '--count', ...more, '--end-of-options', tip, `^${base}`];
    const counted = await git(location.root, args, { mode: 'read' });
    return counted.code === 0 ? ok(Number(counted.stdout.trim())) : fail(gitFailure(args, counted));
  };
  const ahead = await count();
  if (!ahead.ok) return ahead;
  const merges = await count('--merges');
  return merges.ok ? ok({ ahead: ahead.value, merges: merges.value }) : merges;
}

async function predict(
  git: GitCommand,
  location: RepositoryLocation,
  here: Checkout,
  base: Base,
  tip: string,
  behind: boolean,
  choices: MergeChoices,
  holder: Checkout | null,
  /** What of the repository's own code would run in the tree that this gives. */
  judge: (
    prediction: { readonly tree: string; readonly env: Readonly<Record<string, string>> } | null,
  ) => Promise<JudgedCode>,
): Promise<
  Result<
    JudgedCode & {
      readonly conflicts: readonly ConflictFile[];
      readonly addsNothing: boolean;
      readonly inTheWay: readonly string[];
      readonly baseInTheWay: readonly string[];
      readonly files: MergeSurvey['files'];
    },
    MergeFailure
  >
> {
  return withScratch(async (scratch) => {
    const env = scratchObjects(location.commonDir, scratch);
    const merged = await mergeTrees(git, here.path, tip, base.tip, { mode: 'read', env });
    if (!merged.ok) return merged;
    const conflicting = merged.value.files;
    const [explained] =
      conflicting.length === 0
        ? []
        : await predictedRegions(git, { directory: here.path, env, ours: tip, others: [base.tip] });
    let conflicts: readonly ConflictFile[] = conflicting.map((file) => ({
      file,
      regions: (explained?.regions ?? []).flatMap(({ file: where, ours }) =>
        where === file && ours.lines !== null ? [placeWord(ours.lines)] : [],
      ),
    }));
    let result = merged.value.tree;
    if (behind && choices.update === 'rebase') {
      // A rebase conflicts commit by commit: it is played through in memory.
      const rebased = await buildRebase(git, location, here.path, base.tip, tip, { env, sign: false });
      if (rebased.ok) {
        conflicts = [];
        result = rebased.value;
      } else if (rebased.error.kind === 'conflict') {
        const regions = new Map(conflicts.map((conflict) => [conflict.file, conflict.regions]));
        conflicts = rebased.error.files.map((file) => ({ file, regions: regions.get(file) ?? [] }));
      } else return rebased;
    }
    const files = await (conflicts.length > 0
      ? changedFiles(git, here.path, `${base.tip}...${tip}`, null)
      : changedFiles(git, here.path, base.tip, result, env));
    if (!files.ok) return files;
    if (conflicts.length > 0) {
      const judged = await judge(null);
      return ok({
        conflicts,
        addsNothing: false,
        inTheWay: [],
        baseInTheWay: [],
        files: files.value,
        ...judged,
      });
    }
    const trees = await git(here.path, ['rev-parse', `${base.tip}^{tree}`, `${result}^{tree}`], {
      mode: 'read',
      env,
    });
    const [baseTree, resultTree] = lines(trees.stdout);
    const inWorktree = await pathsInTheWay(git, here.path, here.path, tip, result, env);
    if (!inWorktree.ok) return inWorktree;
    const inBase =
      holder === null || base.local === null || holder.missing
        ? ok([])
        : await pathsInTheWay(git, here.path, holder.path, base.local, result, env);
    if (!inBase.ok) return inBase;
    return ok({
      conflicts,
      addsNothing: baseTree === resultTree,
      inTheWay: inWorktree.value,
      baseInTheWay: inBase.value,
      files: files.value,
      ...(await judge({ tree: result, env })),
    });
  });
}

async function baseState(
  deps: LandingSurveyDeps,
  location: RepositoryLocation,
  checkouts: readonly Checkout[],
  holder: Checkout,
  inTheWay: readonly string[],
): Promise<Result<BaseCheckout, MergeFailure>> {
  if (holder.missing)
    return ok({ path: holder.path, missing: true, changed: [], ongoing: holder.ongoing, inTheWay: [] });
  const proven = await proveCheckout(deps.git, location, holder);
  if (!proven.ok) return proven;
  const state = await readWorkingState(deps.git, holder.path, insideOf(deps, checkouts, holder));
  if (!state.ok) return state;
  const changed = [...new Set([...state.value.unmerged, ...state.value.staged, ...state.value.changed])];
  return ok({ path: holder.path, missing: false, changed, ongoing: holder.ongoing, inTheWay });
}

async function branchPlace(
  git: GitCommand,
  location: RepositoryLocation,
  branch: string,
  remote: string,
  signal: AbortSignal,
): Promise<MergeWork['branchOnRemote'] | 'unknown'> {
  const place = await remotePlaceOf(git, location, branch);
  const target = { remote: place?.remote ?? remote, ref: place?.ref ?? `refs/heads/${branch}` };
  const seen = await remoteCommit(git, location, target.remote, target.ref, signal);
  return seen === 'unknown' ? seen : { ...target, seen };
}

/** Rules that were improved here and that no merge carries: git does not know them. */
async function carryOver(
  git: GitCommand,
  path: string,
  basePath: string,
  copies: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const listed = await git(
    path,
    ['ls-files', '--others', '-z', '--', ':(top,literal)CLAUDE.md', ':(top,literal).claude'],
    { mode: 'read' },
  );
  const differing: string[] = [];
  for (const name of fields(listed.stdout)) {
    if (name.startsWith('.claude/worktrees/') || name.endsWith('/')) continue;
    const mine = await hashOf(join(path, name));
    if (mine === null || (Object.hasOwn(copies, name) && copies[name] === mine)) continue;
    if (mine !== (await hashOf(join(basePath, name)))) differing.push(name);
  }
  return differing;
}

async function skippedHooks(
  deps: LandingSurveyDeps,
  location: RepositoryLocation,
  path: string,
  choices: MergeChoices,
  only: 'merge' | 'rebase',
): Promise<readonly string[]> {
  const installed = await deps.hooks.installed(location, path);
  const skipped = new Set([
    'pre-commit',
    'prepare-commit-msg',
    'commit-msg',
    'post-commit',
    'pre-merge-commit',
  ]);
  if (choices.update === 'rebase' || only === 'rebase') {
    skipped.add('pre-rebase');
    skipped.add('post-rewrite');
  }
  return installed.filter((name) => skipped.has(name));
}

const named = (found: FoundWorktree, collisions: readonly Collision[]) =>
  collisions
    .filter((one) => one.certainty === 'decided' && one.with !== 'base')
    .map((one) => ({
      ...one,
      name: found.siblings.find((sibling) => sibling.id === one.with)?.name ?? one.with,
    }));

/** In the branch's own version, which is where a person will look. */
const placeWord = ({ from, to }: { readonly from: number; readonly to: number }): string =>
  to < from ? `line ${Math.max(to, 1)}` : from === to ? `line ${from}` : `lines ${from}–${to}`;

/**
 * Siblings with commits of their own that would conflict with this commit.
 * @param explain says where, too
 */
export async function collidingWith(
  deps: Pick<LandingSurveyDeps, 'git'>,
  found: FoundWorktree,
  commit: string,
  base: string,
  explain = false,
): Promise<readonly (Collision & { readonly name: string })[]> {
  const { location } = found;
  return withScratch(async (scratch) => {
    const env = scratchObjects(location.commonDir, scratch);
    const collisions: (Collision & { readonly name: string })[] = [];
    const heads: string[] = [];
    for (const sibling of found.siblings) {
      if (sibling.head === null || sibling.branch === base || sibling.head === commit) continue;
      const older = await isAncestor(deps.git, location, sibling.head, commit);
      if (!older.ok || older.value) continue;
      const merged = await mergeTrees(deps.git, location.root, commit, sibling.head, { mode: 'read', env });
      if (!merged.ok || merged.value.files.length === 0) continue;
      collisions.push({
        with: sibling.id,
        name: sibling.name,
        files: merged.value.files,
        certainty: 'decided',
        kinds: merged.value.kinds,
        regions: [],
        regionsLeftOut: 0,
      });
      heads.push(sibling.head);
    }
    if (!explain || collisions.length === 0) return collisions;
    const explained = await predictedRegions(deps.git, {
      directory: location.root,
      env,
      ours: commit,
      others: heads,
    });
    return collisions.map((collision, at) => ({ ...collision, ...explained[at] }));
  });
}
