import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { oneLook } from '../../support/one-look';
import { createSandbox, type Sandbox } from '../../support/repositories';

/** A clone whose remote is a commit ahead of what the clone began with, and a worktree with a commit. */
async function cloned(branch = 'main') {
  const sandbox = await createSandbox();
  const source = await sandbox.repository('source');
  if (branch !== 'main') await sandbox.git(source, 'branch', '-m', branch);
  const clone = join(sandbox.root, 'clone');
  await sandbox.git(sandbox.root, 'clone', '-q', source, clone);
  await sandbox.commit(source, { 'news.txt': 'news\n' }, 'news');
  await sandbox.git(clone, 'fetch', '-q');
  const tree = await sandbox.worktree(clone, join(sandbox.root, 'task'), 'task', `origin/${branch}~0`);
  await sandbox.git(clone, 'branch', '-q', '--unset-upstream', 'task').catch(() => '');
  await sandbox.commit(tree, { 'work.txt': 'work\n' }, 'work');
  return { sandbox, source, clone, tree };
}

/** List, merge, cleanup and spawn say the same of a worktree's base. */
async function agree(
  sandbox: Sandbox,
  place: string,
  tree: string,
  expected: { base: string; ahead: number; behind: number; tip: string; refusal?: string | null },
) {
  await oneLook(sandbox, [place], async ({ row, merge, orchard }) => {
    const { base, ahead, behind, problem } = row(tree);
    expect({ base, ahead, behind, problem }).toEqual({
      base: expected.base,
      ahead: expected.ahead,
      behind: expected.behind,
      problem: null,
    });
    const plan = await merge(tree);
    expect(plan.base).toBe(expected.base);
    expect(plan.refusal?.kind ?? null).toBe(expected.refusal ?? null);
    expect(plan.update).toBe(expected.behind > 0 ? 'merge' : null);
    const spawn = await orchard.handlers['repository.planSpawn']({
      repositoryId: orchard.snapshot().repositories[0]?.id ?? '',
      task: 'another thing',
      name: null,
      base: null,
      preload: 'none',
      quick: false,
    });
    expect(spawn).toMatchObject({ ok: true, value: { base: expected.base, baseCommit: expected.tip } });
  });
}

test('a local base that is behind what it follows counts from what it follows', async () => {
  const { sandbox, clone, tree } = await cloned();
  const tip = await sandbox.git(clone, 'rev-parse', 'origin/main');
  await agree(sandbox, clone, tree, { base: 'main', ahead: 1, behind: 0, tip });
});

test('a local base that was never told what it follows follows its namesake', async () => {
  const { sandbox, clone, tree } = await cloned();
  await sandbox.git(clone, 'branch', '-q', '--unset-upstream', 'main');
  const tip = await sandbox.git(clone, 'rev-parse', 'origin/main');
  await agree(sandbox, clone, tree, { base: 'main', ahead: 1, behind: 0, tip });
});

test('a base that only the remote has is known to all', async () => {
  const { sandbox, clone, tree } = await cloned('develop');
  await sandbox.git(clone, 'checkout', '-q', '--detach');
  await sandbox.git(clone, 'branch', '-q', '-D', 'develop');
  const tip = await sandbox.git(clone, 'rev-parse', 'origin/develop');
  await agree(sandbox, clone, tree, { base: 'develop', ahead: 1, behind: 0, tip, refusal: 'base-not-found' });
});

test('a local base of another name than what it follows', async () => {
  const { sandbox, clone, tree } = await cloned('trunk');
  await sandbox.git(clone, 'branch', '-q', '-m', 'trunk', 'main');
  const tip = await sandbox.git(clone, 'rev-parse', 'origin/trunk');
  await agree(sandbox, clone, tree, { base: 'main', ahead: 1, behind: 0, tip });
});

test('a tag, a file and a directory of the base’s and the branch’s names stand in nobody’s way', async () => {
  const { sandbox, clone, tree } = await cloned();
  await sandbox.git(clone, 'tag', 'main', 'origin/main~1');
  await sandbox.git(clone, 'tag', 'task', 'origin/main~1');
  await sandbox.git(clone, 'tag', 'origin/main', 'origin/main~1');
  await writeFile(join(clone, 'task'), 'a file\n');
  await mkdir(join(clone, 'heads'));
  const tip = await sandbox.git(clone, 'rev-parse', 'refs/remotes/origin/main');
  await agree(sandbox, clone, tree, { base: 'main', ahead: 1, behind: 0, tip });
});

test('origin/dev as base is the branch dev of origin', async () => {
  const { sandbox, source, clone, tree } = await cloned();
  await sandbox.git(source, 'branch', 'dev', 'main~1');
  await sandbox.git(clone, 'fetch', '-q');
  await writeFile(join(clone, '.orchard.json'), '{"base":"origin/dev"}');
  const tip = await sandbox.git(clone, 'rev-parse', 'origin/dev');
  await agree(sandbox, clone, tree, { base: 'dev', ahead: 2, behind: 0, tip, refusal: 'base-not-found' });
  await sandbox.git(clone, 'branch', '-q', 'dev', 'origin/dev');
  await agree(sandbox, clone, tree, { base: 'dev', ahead: 2, behind: 0, tip });
});

test('a base that has diverged from what it follows is refused with both commits', async () => {
  const { sandbox, clone, tree } = await cloned();
  const local = await sandbox.commit(clone, { 'mine.txt': 'mine\n' });
  const upstream = await sandbox.git(clone, 'rev-parse', 'origin/main');
  await oneLook(sandbox, [clone], async ({ row, merge }) => {
    expect(row(tree).problem).toMatch(/diverged/);
    expect((await merge(tree)).refusal).toEqual({ kind: 'base-diverged', base: 'main', local, upstream });
  });
});

test('a stacked branch whose parent is gone goes to the parent’s base, or where it is told', async () => {
  const { sandbox, clone, tree } = await cloned();
  const record = (entry: string, branch: string, base: string) => ({
    version: 1,
    entry,
    path: tree,
    task: null,
    branch,
    base,
    createdAt: 'x',
    createdAtCommit: '0'.repeat(40),
    quick: false,
    sessionId: null,
    spawnedAt: new Date(0).toISOString(),
    copies: {},
    group: null,
  });
  const orchard = join(clone, '.git/orchard');
  await sandbox.write(
    join(orchard, 'tasks/task.json'),
    JSON.stringify(record('task', 'task', 'feature/parent')),
  );
  await oneLook(sandbox, [clone], async ({ row, merge }) => {
    expect(row(tree).problem).toMatch(/feature\/parent does not exist/);
    expect((await merge(tree)).refusal).toMatchObject({ kind: 'base-not-found', base: 'feature/parent' });
    expect(await merge(tree, 'main')).toMatchObject({ base: 'main', refusal: null });
  });
  await sandbox.write(
    join(orchard, 'trash/20260101-000000-abcd/task.json'),
    JSON.stringify(record('parent', 'feature/parent', 'main')),
  );
  await oneLook(sandbox, [clone], async ({ row, merge }) => {
    expect(row(tree)).toMatchObject({ base: 'main', ahead: 1, problem: null });
    const plan = await merge(tree);
    expect(plan).toMatchObject({ base: 'main', refusal: null });
    expect(plan.warnings.join()).toMatch(/feature\/parent is gone/);
  });
});
