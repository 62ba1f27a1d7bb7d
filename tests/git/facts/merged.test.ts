import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { creationPoint } from '../../../src-main/git/facts/creation';
import { createMergedCheck } from '../../../src-main/git/facts/merged';
import type { GitCommand } from '../../../src-main/git/run/git-command';
import { createReadCommand } from '../../../src-main/git/run/read-command';
import { gitOf, locationOf } from '../../support/git-command';
import { recordingRunner } from '../../support/observing';
import type { Sandbox } from '../../support/repositories';
import { createSandbox } from '../../support/repositories';

interface Scene {
  readonly sandbox: Sandbox;
  readonly repository: string;
  readonly worktree: string;
  readonly created: string;
  git(...args: string[]): Promise<string>;
  /** What Orchard says of `feature` now. */
  ask(options?: {
    dirty?: boolean;
    created?: string | null;
    bases?: readonly string[];
    remoteGone?: boolean;
  }): Promise<{
    how: string | null;
    text: string;
  }>;
}

async function scene(): Promise<Scene> {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const worktree = await sandbox.worktree(repository, join(sandbox.root, 'project-wt-feature'), 'feature');
  const created = await sandbox.git(repository, 'rev-parse', 'HEAD');
  const check = createMergedCheck(gitOf(sandbox));
  const { runner } = await recordingRunner(sandbox);
  const observed = createMergedCheck(createReadCommand(runner));
  return {
    sandbox,
    repository,
    worktree,
    created,
    git: (...args) => sandbox.git(repository, ...args),
    async ask({ dirty = false, created: at = created, bases = ['main'], remoteGone = false } = {}) {
      const question = {
        tip: await sandbox.git(worktree, 'rev-parse', 'HEAD'),
        bases: await Promise.all(
          bases.map(async (name) => ({ name, commit: await sandbox.git(repository, 'rev-parse', name) })),
        ),
        createdAtCommit: at,
        dirty,
        remoteGone,
      };
      const answer = await check.howMerged(locationOf(repository), question);
      // The same through the runner of observation, as rows show it.
      expect(await observed.howMerged(locationOf(repository), question)).toEqual(answer);
      return answer;
    },
  };
}

const three = { 'src/one.txt': 'one\ntwo\nthree\n' };

test('a fresh branch is not merged, also after its base moved on', async () => {
  const s = await scene();
  expect(await s.ask()).toMatchObject({ how: null });
  await s.sandbox.commit(s.repository, { 'other.txt': 'x\n' });
  expect(await s.ask()).toMatchObject({ how: null, text: expect.stringContaining('nothing on it yet') });
});

test('a branch with work of its own is not merged', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.sandbox.commit(s.repository, { 'other.txt': 'x\n' });
  expect(await s.ask()).toEqual({ how: null, text: 'not merged into main' });
});

test('a merge commit or a fast-forward makes it an ancestor', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.git('merge', '-q', '--no-ff', '-m', 'merge', 'feature');
  expect(await s.ask()).toEqual({ how: 'ancestor', text: 'every commit is in main' });
});

test('a dirty worktree is never merged', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.git('merge', '-q', 'feature');
  expect(await s.ask({ dirty: true })).toMatchObject({ how: null });
});

test('a tree equal to the base’s is the same tree', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'src/one.txt': 'one\nTWO\nthree\n' });
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.sandbox.commit(s.repository, { 'src/one.txt': 'one\nTWO\nthree\n', 'a.txt': 'a\n' });
  expect(await s.ask()).toMatchObject({ how: 'same-tree' });
  // Also when the base did not move: work done and taken back.
  const t = await scene();
  await t.sandbox.commit(t.worktree, { 'a.txt': 'a\n' });
  await t.sandbox.git(t.worktree, 'revert', '--no-edit', 'HEAD');
  expect(await t.ask()).toMatchObject({ how: 'same-tree' });
});

test('a squash merge is recognised, also after the base moved on', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\nb\n', 'c.txt': 'c\n' });
  await s.sandbox.commit(s.repository, { 'other.txt': 'x\n' });
  await s.git('merge', '-q', '--squash', 'feature');
  await s.git('commit', '-q', '-m', 'squashed');
  await s.sandbox.commit(s.repository, { 'later.txt': 'x\n' });
  expect(await s.ask()).toMatchObject({
    how: 'squash',
    text: expect.stringContaining('would add nothing to main'),
  });
});

test('a squash merge is recognised when the base has changed the same lines since', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\nb\n' });
  await s.git('merge', '-q', '--squash', 'feature');
  await s.git('commit', '-q', '-m', 'squashed');
  await s.sandbox.commit(s.repository, { 'a.txt': 'A\nB\nC\n' });
  expect(await s.ask()).toMatchObject({ how: 'squash' });
});

test('patches taken one by one are recognised; one that is missing is too', async () => {
  const s = await scene();
  const first = await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  const second = await s.sandbox.commit(s.worktree, { 'b.txt': 'b\n' });
  await s.sandbox.commit(s.repository, { 'other.txt': 'x\n' });
  await s.git('cherry-pick', second);
  await s.sandbox.commit(s.repository, { 'b.txt': 'changed since\n' });
  expect(await s.ask()).toMatchObject({ how: null });
  await s.git('cherry-pick', first);
  await s.sandbox.commit(s.repository, { 'a.txt': 'changed since\n' });
  expect(await s.ask()).toEqual({ how: 'patches', text: 'each of its 2 patches is in main' });
});

test('a patch that differs in white space only is not in the base', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.py': 'if x:\n    y()\n    z()\n' });
  await s.sandbox.commit(s.repository, { 'a.py': 'if x:\n    y()\nz()\n' });
  await s.sandbox.commit(s.repository, { 'a.py': 'print(1)\n' });
  // git itself takes the two for the same patch:
  expect(await s.git('cherry', 'main', 'feature')).toMatch(/^- /);
  expect(await s.ask()).toMatchObject({ how: null });
});

test('work done by hand in a merge commit is not lost behind its patches', async () => {
  const s = await scene();
  const picked = await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.sandbox.commit(s.repository, { 'other.txt': 'x\n' });
  await s.git('cherry-pick', picked);
  await s.sandbox.git(s.worktree, 'merge', '-q', '--no-commit', '--no-ff', 'main~1');
  await s.sandbox.write(join(s.worktree, 'by-hand.txt'), 'only in the merge\n');
  await s.sandbox.git(s.worktree, 'add', '-A');
  await s.sandbox.git(s.worktree, 'commit', '-q', '-m', 'merge with more');
  await s.sandbox.commit(s.repository, { 'a.txt': 'changed since\n' });
  expect(await s.ask()).toMatchObject({ how: null });
});

test('a merge driver that keeps ours does not make anything merged', async () => {
  const s = await scene();
  await s.git('config', 'merge.ours.driver', 'true');
  await s.sandbox.commit(s.repository, { '.gitattributes': '*.lock merge=ours\n', 'x.lock': '1\n' });
  await s.sandbox.git(s.worktree, 'merge', '-q', 'main');
  await s.sandbox.commit(s.worktree, { 'x.lock': 'mine\n' });
  await s.sandbox.commit(s.repository, { 'x.lock': 'theirs\n' });
  expect(await s.ask()).toMatchObject({ how: null });
});

test('a mode change and a binary file count as work', async () => {
  const s = await scene();
  await s.sandbox.git(s.worktree, 'update-index', '--chmod=+x', 'src/one.txt');
  await s.sandbox.git(s.worktree, 'commit', '-q', '-m', 'executable');
  await s.sandbox.commit(s.repository, { 'other.txt': 'x\n' });
  expect(await s.ask()).toMatchObject({ how: null });
  await s.git('cherry-pick', 'feature');
  expect(await s.ask()).toMatchObject({ how: 'squash' });
});

test('the fetched upstream counts as well, and a remote branch that is gone is only told', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.git('branch', 'upstream-main');
  const other = await s.sandbox.worktree(s.repository, join(s.sandbox.root, 'other'), 'elsewhere', 'main');
  await s.sandbox.git(other, 'merge', '-q', '--no-ff', '-m', 'm', 'feature');
  expect(await s.ask({ remoteGone: true })).toEqual({
    how: null,
    text: 'not merged into main; its branch on the remote is gone',
  });
  expect(await s.ask({ bases: ['main', 'elsewhere'] })).toEqual({
    how: 'ancestor',
    text: 'every commit is in elsewhere',
  });
});

test('histories without a common commit are not merged', async () => {
  const s = await scene();
  await s.sandbox.git(s.worktree, 'checkout', '-q', '--orphan', 'alone');
  await s.sandbox.commit(s.worktree, { ...three, 'mine.txt': 'x' });
  expect(await s.ask()).toMatchObject({ how: null });
});

test('asking leaves no object behind, runs no hook and asks git once per pair', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.sandbox.commit(s.repository, { 'b.txt': 'b\n' });
  const before = await s.git('count-objects', '-v');
  let calls = 0;
  const git = gitOf(s.sandbox);
  const counting: GitCommand = (directory, args, call) => {
    calls++;
    expect(call.mode).toBe('read');
    return git(directory, args, call);
  };
  const check = createMergedCheck(counting);
  const question = {
    tip: await s.git('rev-parse', 'feature'),
    bases: [{ name: 'main', commit: await s.git('rev-parse', 'main') }],
    createdAtCommit: s.created,
    dirty: false,
  };
  await Promise.all([
    check.howMerged(locationOf(s.repository), question),
    check.howMerged(locationOf(s.repository), question),
  ]);
  const once = calls;
  await check.howMerged(locationOf(s.repository), question);
  expect(calls).toBe(once);
  expect(once).toBeLessThanOrEqual(6);
  expect(await s.git('count-objects', '-v')).toBe(before);
  expect((await readdir(join(s.repository, '.git'))).filter((name) => name.includes('lock'))).toEqual([]);
});

test('the creation point of a branch that someone else made comes from its reflog', async () => {
  const s = await scene();
  expect(await creationPoint(join(s.repository, '.git'), 'feature')).toBe(s.created);
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  expect(await creationPoint(join(s.repository, '.git'), 'feature')).toBe(s.created);
  expect(await creationPoint(join(s.repository, '.git'), 'no-such')).toBe(null);
  expect(await creationPoint(join(s.repository, '.git'), 'main')).toBe(null);
});

test('the same words at another place of the file are not in the base', async () => {
  const s = await scene();
  const block = 'a\nb\nc\nd\ne\nf\ng\n';
  const text = (first: string, second: string) => `one\n${first}--\n${block}--\n${second}end\n`;
  await s.sandbox.commit(s.repository, { 'src/one.txt': text(block, block) }, 'two equal places');
  await s.sandbox.git(s.worktree, 'reset', '-q', '--hard', 'main');
  const changed = block.replace('d\n', 'D\n');
  await s.sandbox.commit(s.worktree, { 'src/one.txt': text(changed, block) });
  await s.sandbox.commit(s.repository, { 'src/one.txt': text(block, changed) });
  // git itself takes the two for the same patch:
  expect(await s.git('cherry', 'main', 'feature')).toMatch(/^- /);
  expect(await s.ask()).toMatchObject({ how: null });
});

test('a squash and patches that were reverted on the base, whole or in one file, are not merged', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.sandbox.commit(s.worktree, { 'b.txt': 'b\n', 'src/one.txt': 'ONE\ntwo\nthree\n' });
  await s.git('merge', '-q', '--squash', 'feature');
  await s.git('commit', '-q', '-m', 'squashed');
  await s.git('revert', '--no-edit', 'HEAD');
  expect(await s.ask()).toMatchObject({ how: null });

  const t = await scene();
  const picked = await t.sandbox.commit(t.worktree, { 'b.txt': 'b\n', 'src/one.txt': 'ONE\ntwo\nthree\n' });
  await t.sandbox.commit(t.repository, { 'other.txt': 'x\n' });
  await t.git('cherry-pick', picked);
  await t.sandbox.commit(t.repository, { 'src/one.txt': three['src/one.txt'] }, 'one file taken back');
  expect(await t.ask()).toMatchObject({ how: null });
  await t.git('revert', '--no-edit', 'HEAD');
  expect(await t.ask()).toMatchObject({ how: 'squash' });
});

test('a branch whose making nobody knows is merged only when a merge brought it in', async () => {
  const s = await scene();
  await s.sandbox.commit(s.repository, { 'other.txt': 'x\n' });
  expect(await s.ask({ created: null })).toMatchObject({ how: null });
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.git('merge', '-q', '--no-ff', '-m', 'merge', 'feature');
  await s.sandbox.commit(s.repository, { 'more.txt': 'x\n' });
  expect(await s.ask({ created: null })).toMatchObject({ how: 'ancestor' });
});
