/**
 * Random repositories by raw git: what the list says of a worktree is what the plans of a merge and of a
 * cleanup say, and what plain git says. ORCHARD_LONG=1 makes many more of them.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WorktreeView } from '../../../src-main/contract/snapshot';
import { type OneLook, oneLook } from '../../support/one-look';
import { createSandbox, type Sandbox } from '../../support/repositories';

const long = process.env.ORCHARD_LONG === '1';
/** Repositories; each has as many worktrees as `shapes` below. */
const numRuns = long ? 150 : 4;

const integrations = [
  'none',
  'merge',
  'squash',
  'pick',
  'squash-reverted',
  'base-moved',
  'conflict',
] as const;
const states = [
  'clean',
  'clean',
  'staged',
  'changed',
  'untracked',
  'notes',
  'merging',
  'rebasing',
  'between-picks',
  'reverting',
  'bisecting',
  'missing',
  'detached',
  'no-git-file',
] as const;
const shape = fc.record({
  commits: fc.integer({ min: 0, max: 2 }),
  integration: fc.constantFrom(...integrations),
  state: fc.constantFrom(...states),
  nested: fc.boolean(),
  tagged: fc.boolean(),
});
const repository = fc.record({
  base: fc.constantFrom('alone', 'tracked', 'behind', 'never-told', 'remote-only', 'bare'),
  shapes: fc.array(shape, { minLength: 3, maxLength: 4 }),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;
type Repository = typeof repository extends fc.Arbitrary<infer T> ? T : never;

interface Made {
  readonly sandbox: Sandbox;
  /** Where the base is checked out; commits on it are made there. */
  readonly main: string;
  readonly trees: readonly { readonly path: string; readonly name: string; readonly shape: Shape }[];
}

async function made(wanted: Repository): Promise<Made> {
  const sandbox = await createSandbox();
  const { git, commit } = sandbox;
  const source = await sandbox.repository('source');
  let main = source;
  let store = source;
  if (wanted.base === 'bare') {
    store = join(sandbox.root, 'store.git');
    await git(sandbox.root, 'clone', '-q', '--bare', source, store);
    main = join(sandbox.root, 'main');
    await git(store, 'worktree', 'add', '-q', main, 'main');
  } else if (wanted.base !== 'alone') {
    main = join(sandbox.root, 'clone');
    await git(sandbox.root, 'clone', '-q', source, main);
    store = main;
  }
  await commit(main, { '.gitignore': '.claude/\n', 'shared.txt': 'shared\n' }, 'the start');
  const trees = [];
  for (const [at, one] of wanted.shapes.entries()) {
    const name = `task-${at}`;
    const path = join(one.nested ? join(main, '.claude/worktrees') : sandbox.root, name);
    await mkdir(join(path, '..'), { recursive: true });
    await sandbox.worktree(store, path, name, 'main');
    for (let n = 0; n < one.commits; n++)
      await commit(path, { [`${name}-${n}.txt`]: `${n}\n` }, `${name} ${n}`);
    await integrate(sandbox, main, path, name, one);
    trees.push({ path, name, shape: one });
  }
  for (const { path, name, shape: one } of trees) {
    if (one.tagged) {
      await git(store, 'tag', name, 'refs/heads/main');
      await writeFile(join(main, name), '');
      await git(main, 'add', name).then(() => git(main, 'commit', '-q', '-m', 'a file of that name'));
    }
    await disturb(sandbox, main, path, name, one.state);
  }
  if (wanted.base === 'tracked' || wanted.base === 'remote-only') {
    await git(source, 'checkout', '-q', '--detach');
    await git(main, 'push', '-q', 'origin', 'main');
  }
  if (wanted.base === 'behind' || wanted.base === 'never-told') {
    // A colleague goes on from what is here by now, and that is fetched.
    await git(source, 'checkout', '-q', '--detach');
    await git(main, 'push', '-q', 'origin', 'main');
    await git(source, 'checkout', '-q', 'main');
    await commit(source, { 'colleague.txt': 'news\n' }, 'a colleague');
    await git(main, 'fetch', '-q');
    if (wanted.base === 'never-told') await git(main, 'branch', '-q', '--unset-upstream', 'main');
  }
  if (wanted.base === 'remote-only') {
    await git(main, 'checkout', '-q', '--detach');
    await git(main, 'branch', '-q', '-D', 'main');
  }
  return { sandbox, main, trees };
}

async function integrate({ git, commit }: Sandbox, main: string, path: string, name: string, one: Shape) {
  if (one.integration === 'base-moved')
    await commit(main, { [`base-${name}.txt`]: 'x\n' }, 'the base goes on');
  if (one.integration === 'conflict') {
    await commit(path, { 'shared.txt': `${name}\n` }, 'the same line');
    await commit(main, { 'shared.txt': `main for ${name}\n` }, 'another word');
  }
  if (one.commits === 0) return;
  if (one.integration === 'merge')
    await git(main, 'merge', '-q', '--no-ff', '-m', 'merged', `refs/heads/${name}`);
  if (one.integration === 'squash' || one.integration === 'squash-reverted') {
    await git(main, 'merge', '-q', '--squash', `refs/heads/${name}`);
    await git(main, 'commit', '-q', '-m', 'squashed');
  }
  if (one.integration === 'squash-reverted') await git(main, 'revert', '--no-edit', 'HEAD');
  if (one.integration === 'pick') {
    await commit(main, { [`before-${name}.txt`]: 'x\n' }, 'so that the picks are other commits');
    const picked = await git(main, 'rev-list', '--reverse', `refs/heads/main..refs/heads/${name}`);
    await git(main, 'cherry-pick', ...picked.split('\n'));
  }
}

async function disturb(sandbox: Sandbox, main: string, path: string, name: string, state: Shape['state']) {
  const { git, commit, write } = sandbox;
  const refused = (...args: string[]) => git(path, ...args).catch(() => '');
  const file = join(path, 'README.md');
  if (state === 'staged')
    await write(join(path, 'staged.txt'), 's\n').then(() => git(path, 'add', 'staged.txt'));
  if (state === 'changed') await write(file, 'changed\n');
  if (state === 'untracked') await write(join(path, 'stray/new.txt'), 'new\n');
  if (state === 'notes') await write(join(path, '.planning/brain/note.md'), '# note\n');
  if (state === 'detached') await git(path, 'checkout', '-q', '--detach');
  if (state === 'missing') await rm(path, { recursive: true });
  if (state === 'no-git-file') await rm(join(path, '.git'));
  if (state === 'bisecting') await git(path, 'bisect', 'start');
  if (!['merging', 'rebasing', 'between-picks', 'reverting'].includes(state)) return;
  await git(main, 'branch', `other-${name}`, 'refs/heads/main~0');
  await commit(path, { 'README.md': 'one word\n' }, 'one word');
  const other = join(sandbox.root, `other-${name}`);
  await git(main, 'worktree', 'add', '-q', other, `other-${name}`);
  await commit(other, { 'README.md': 'another word\n' }, 'another word');
  await commit(other, { 'README.md': 'a third word\n' }, 'a third word');
  if (state === 'merging') await refused('merge', `other-${name}`);
  if (state === 'rebasing') await refused('rebase', `other-${name}`);
  if (state === 'reverting') {
    await commit(path, { 'README.md': 'yet another\n' }, 'yet another');
    await refused('revert', '--no-edit', 'HEAD~1');
  }
  if (state === 'between-picks') {
    await refused('cherry-pick', `other-${name}~1`, `other-${name}`);
    await git(path, 'checkout', '--theirs', 'README.md');
    await git(path, 'add', 'README.md');
    // Committed by hand: no CHERRY_PICK_HEAD is left, and one more is to come.
    await git(path, 'commit', '-q', '-m', 'by hand');
  }
  await git(main, 'worktree', 'remove', '--force', other);
}

/** What git's own long status calls it. */
async function operationByGit({ git }: Sandbox, path: string): Promise<string | null> {
  const said = await git(path, 'status');
  if (/rebase in progress|You are currently rebasing/i.test(said)) return 'rebase';
  if (/still merging|merge --abort/.test(said)) return 'merge';
  if (/[Cc]herry-pick/.test(said)) return 'cherry-pick';
  if (/[Rr]evert(ing)? (is )?|revert --abort/.test(said) && /revert --(abort|continue)/.test(said))
    return 'revert';
  return /bisecting/.test(said) ? 'bisect' : null;
}

/** Null unless plain git proves that nothing is lost: a merge of it would add nothing, or was made. */
function mustBeMerged(one: Shape): boolean | 'either' {
  if (!['clean', 'notes'].includes(one.state)) return false;
  if (one.integration === 'conflict' || one.commits === 0) return false;
  return ['merge', 'squash', 'pick'].includes(one.integration);
}

async function agree(scene: Made, wanted: Repository, look: OneLook): Promise<void> {
  const { sandbox, main, trees } = scene;
  const { git } = sandbox;
  const refs = ['refs/heads/main', 'refs/remotes/origin/main'];
  const tips: string[] = [];
  for (const ref of refs) tips.push(await git(main, 'rev-parse', '-q', '--verify', ref).catch(() => ''));
  const [local = '', remote = ''] = tips;
  const remoteIsNewer =
    local === '' ||
    (remote !== '' &&
      (await git(main, 'merge-base', '--is-ancestor', local, remote).then(
        () => true,
        () => false,
      )));
  const tip = remoteIsNewer && remote !== '' ? remote : local;
  for (const { path, name, shape: one } of trees) {
    const what = `${name} ${JSON.stringify(one)} on ${wanted.base}`;
    const row = look.row(path);
    expect(row.base, what).toBe('main');
    expect(row.missing, what).toBe(one.state === 'missing');
    if (one.state === 'no-git-file') {
      expect(row.problem, what).toMatch(/\.git file is gone/);
    } else if (one.state !== 'missing') {
      const counts = await git(path, 'rev-list', '--left-right', '--count', `${tip}...HEAD`);
      // While something is under way, a row stands where its branch does.
      if (row.ongoing === null) expect(`${row.behind}\t${row.ahead}`, what).toBe(counts);
      expect(row.ongoing, what).toBe(await operationByGit(sandbox, path));
      const status = (await git(path, 'status', '--porcelain')).split('\n').filter((line) => line !== '');
      const work = status.filter((line) => !line.endsWith('.planning/'));
      const { staged, changed, untracked, conflicted } = row.changes;
      expect(staged + changed + untracked + conflicted > 0, what).toBe(work.length > 0);
    }
    const sure = mustBeMerged(one);
    if (sure !== 'either') expect(row.merged !== null, `${what}: merged ${row.merged}`).toBe(sure);
    await plansAgree(look, row, what, local !== '');
  }
  for (const { worktree, action } of look.orchard.snapshot().suggestions) {
    const row = [...look.rows.values()].find(({ id }) => id === worktree);
    if (row === undefined || action === null || action === 'open') continue;
    // "Rebase it now" is said because they conflict: it leads to where the conflict is resolved.
    if (action === 'rebase' && row.rebaseNow !== null) continue;
    const plan =
      action === 'cleanup'
        ? await look.cleanup(row.path)
        : action === 'merge'
          ? await look.merge(row.path)
          : await look.orchard.handlers['worktree.planRebase']({ worktreeId: row.id }).then((planned) =>
              planned.ok ? planned.value : { refusal: planned.error },
            );
    expect(plan.refusal, `suggested: ${action} of ${row.name}`).toBe(null);
  }
}

async function plansAgree(look: OneLook, row: WorktreeView, what: string, hasLocal: boolean): Promise<void> {
  const merge = await look.merge(row.path);
  const cleanup = await look.cleanup(row.path);
  const dirty = Object.values(row.changes).some((count) => count > 0);
  const refusals = `${what}: merge ${JSON.stringify(merge.refusal)}, cleanup ${JSON.stringify(cleanup.refusal)}`;
  expect(merge.base, what).toBe(row.base);
  const expectMerge = row.missing
    ? 'worktree-missing'
    : row.problem !== null
      ? 'not-this-worktree'
      : row.ongoing !== null
        ? 'operation-under-way'
        : row.branch === null
          ? 'detached'
          : dirty
            ? 'dirty'
            : row.ahead === 0 || row.merged === 'squash' || row.merged === 'same-tree'
              ? 'nothing-to-merge'
              : null;
  if (expectMerge !== null) expect(merge.refusal?.kind, refusals).toBe(expectMerge);
  else if (row.merged === null) {
    const allowed = [...(hasLocal ? [] : ['base-not-found']), 'conflict', 'base-dirty', 'nothing-to-merge'];
    expect(merge.refusal === null || allowed.includes(merge.refusal.kind), refusals).toBe(true);
    if (merge.refusal === null) expect(merge.update !== null, what).toBe(row.behind > 0);
  }
  if (row.missing) return;
  const expectCleanup =
    row.problem !== null
      ? 'not-this-worktree'
      : row.ongoing !== null
        ? 'operation-under-way'
        : dirty
          ? 'unsaved-work'
          : row.merged !== null || row.ahead === 0
            ? null
            : row.branch === null
              ? 'either'
              : 'not-merged';
  if (expectCleanup !== 'either') expect(cleanup.refusal?.kind ?? null, refusals).toBe(expectCleanup);
}

test('list, plans and plain git give one answer', async () => {
  let worktrees = 0;
  await fc.assert(
    fc.asyncProperty(repository, async (wanted) => {
      const scene = await made(wanted);
      await oneLook(scene.sandbox, [scene.main], (look) => agree(scene, wanted, look));
      worktrees += scene.trees.length;
      await rm(scene.sandbox.root, { recursive: true, force: true });
    }),
    { numRuns, endOnFailure: !long, ...(long ? {} : { seed: 20_261_125 }) },
  );
  expect(worktrees).toBeGreaterThan(numRuns);
});
