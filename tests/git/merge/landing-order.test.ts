/** Landing order and "rebase now" on the whole engine and real git; each engine is new, as after a restart. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { composeOrchard } from '../../../src-main/compose';
import type { MergeDone, MergePlan } from '../../../src-main/contract/plans';
import type { WorktreeView } from '../../../src-main/contract/snapshot';
import type { Orchard } from '../../../src-main/engine/orchard';
import { createSandbox } from '../../support/repositories';

/**
 * A repository with a worktree for each letter; each pair of letters is a file that both change, so
 * exactly these pairs collide.
 */
async function scene(letters: string, pairs: readonly string[]) {
  const sandbox = await createSandbox();
  const { root, git, commit } = sandbox;
  const project = await sandbox.repository();
  await commit(
    project,
    Object.fromEntries(['shared', ...pairs].map((pair) => [`${pair}.txt`, 'as it was\n'])),
    'files',
  );
  const at = (letter: string) => join(root, `project-wt-${letter}`);
  for (const letter of letters) {
    await sandbox.worktree(project, at(letter), `feature/${letter}`, 'main');
    const shared = pairs
      .filter((pair) => pair.includes(letter))
      .map((pair) => [`${pair}.txt`, `${letter}\n`]);
    await commit(
      at(letter),
      Object.fromEntries([...shared, [`${letter}.txt`, `${letter}\n`]]),
      `work of ${letter}`,
    );
  }

  /** A new engine, with verdicts; what it decides does not come from the one before. */
  const open = async () => {
    const orchard = await composeOrchard({
      repositories: [project],
      watch: false,
      env: sandbox.env,
      platform: 'linux',
      notifier: null,
      person: null,
      startedFrom: 'terminal',
      gitProcesses: 'helper',
    });
    let open = true;
    const close = async () => {
      if (open) await orchard.dispose();
      open = false;
    };
    onTestFinished(close);
    await orchard.start();
    const look = async () => {
      const snapshot = await orchard.settled();
      const [repository] = snapshot.repositories;
      if (repository === undefined) throw new Error('no repository');
      const rowOf = (letter: string): WorktreeView => {
        const found = repository.worktrees.find(({ path }) => path === at(letter));
        if (found === undefined) throw new Error(`no row for ${letter}`);
        return found;
      };
      const letterOf = (id: string) =>
        repository.worktrees.find((worktree) => worktree.id === id)?.name.slice('project-wt-'.length) ?? id;
      const [order] = repository.landingOrders;
      return {
        snapshot,
        rowOf,
        letterOf,
        text: order?.text ?? null,
        order: (order?.places ?? []).map(({ worktree }) => letterOf(worktree)).join(''),
        rebases: (order?.places ?? [])
          .filter(({ needsRebase }) => needsRebase)
          .map(({ worktree }) => letterOf(worktree))
          .join(''),
      };
    };
    return { orchard, look, close };
  };
  const state = async (letter: string) => ({
    refs: await git(project, 'for-each-ref', 'refs/heads', 'refs/orchard'),
    status: await git(at(letter), '--no-optional-locks', 'status', '--porcelain=v2', '--branch', '--ignored'),
    index: await readFile(join(project, `.git/worktrees/project-wt-${letter}/index`), 'base64'),
    head: await readFile(join(project, `.git/worktrees/project-wt-${letter}/HEAD`), 'utf8'),
  });
  /** As a person would: the branch's own side wins. */
  const rebaseByHand = (letter: string) => git(at(letter), 'rebase', '-q', '-X', 'theirs', 'main');
  return { ...sandbox, project, at, open, state, rebaseByHand };
}

const worked = <T>(answer: { ok: true; value: T } | { ok: false; error: unknown }): T => {
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value;
};
const planMerge = async (orchard: Orchard, worktreeId: string): Promise<MergePlan> =>
  worked(
    await orchard.handlers['worktree.planMerge']({
      worktreeId,
      strategy: 'merge',
      update: 'rebase',
      skipValidation: true,
      push: false,
    }),
  );
const planRebase = async (orchard: Orchard, worktreeId: string): Promise<MergePlan> =>
  worked(await orchard.handlers['worktree.planRebase']({ worktreeId }));
const execute = (orchard: Orchard, { token }: MergePlan) =>
  orchard.handlers['worktree.merge']({ token, approve: true });
const land = async (orchard: Orchard, worktreeId: string): Promise<MergeDone> =>
  worked(await execute(orchard, await planMerge(orchard, worktreeId)));

/** Lands them one after the other and counts those that had to be rebased by hand first. */
async function landAll(s: Awaited<ReturnType<typeof scene>>, order: string): Promise<string> {
  let byHand = '';
  for (const letter of order) {
    const { orchard, look, close } = await s.open();
    const { id } = (await look()).rowOf(letter);
    const plan = await planMerge(orchard, id);
    if (plan.refusal?.kind === 'conflict') {
      byHand += letter;
      await s.rebaseByHand(letter);
      await orchard.handlers['snapshot.refresh']({});
    }
    await land(orchard, id);
    await close();
  }
  return byHand;
}

const three = ['ab', 'bc'];
test('three branches in the suggested order need exactly the rebases that were said; the other way round more', async () => {
  const suggested = await scene('abc', three);
  const { look, close } = await suggested.open();
  const found = await look();
  expect(found.text).toMatch(
    /^Merge a first: b collides with a and c, which do not collide with each other\. Then only b needs a rebase\.$/,
  );
  expect(found.snapshot.suggestions).toContainEqual({
    worktree: found.rowOf('a').id,
    text: found.text,
    action: 'merge',
  });
  await close();
  expect([found.order, found.rebases]).toEqual(['acb', 'b']);
  expect(await landAll(suggested, found.order)).toBe(found.rebases);
  // The same three with b first: both others have to be rebased.
  expect(await landAll(await scene('abc', three), 'bac')).toBe('ac');
});

test.for([
  ['a star', 'abcd', ['ab', 'bc', 'bd'], 'b'],
  ['a triangle beside a pair', 'abcde', ['ab', 'bc', 'ac', 'de'], 'bce'],
] as const)('%s: what is predicted is what it costs', async ([, letters, pairs, rebases]) => {
  const s = await scene(letters, pairs);
  const { look, close } = await s.open();
  const found = await look();
  await close();
  expect([...found.order].sort().join('')).toBe(letters);
  expect([...found.rebases].sort().join('')).toBe(rebases);
  expect([...(await landAll(s, found.order))].sort().join('')).toBe(rebases);
});

test('who had better wait is told so in its plan, and lands all the same; its siblings then say rebase now', async () => {
  const s = await scene('abc', three);
  const { orchard, look, close } = await s.open();
  const before = await look();
  const plan = await planMerge(orchard, before.rowOf('b').id);
  expect(plan.order).toBe(
    'Better merge a and c first: merging this one now makes a and c rebase, 2 rebases in all instead of 1.',
  );
  expect(plan.refusal).toBe(null);
  expect(before.rowOf('a').rebaseNow).toBe(null);
  const done = worked(await execute(orchard, plan));
  expect(done.rebaseNow.map(before.letterOf).sort()).toEqual(['a', 'c']);
  const now = {
    files: ['ab.txt'],
    waitsFor: null,
    why: 'main has moved and conflicts with it in ab.txt',
    next: 'Rebase it now.',
  };
  expect((await look()).rowOf('a').rebaseNow).toEqual(now);
  await close();
  // Another engine knows nothing of that merge, and says the same.
  const later = await (await s.open()).look();
  expect(later.rowOf('a').rebaseNow).toEqual(now);
  expect(later.rowOf('c').rebaseNow?.files).toEqual(['bc.txt']);
  expect(
    later.snapshot.suggestions.map(({ worktree, action }) => [later.letterOf(worktree), action]),
  ).toEqual([
    ['a', 'rebase'],
    ['b', 'cleanup'],
    ['c', 'rebase'],
  ]);
});

test('after a merge by hand too; a rebase that conflicts names the files and leaves everything as it was', async () => {
  const s = await scene('ab', ['ab']);
  await s.git(s.project, 'merge', '-q', '--no-edit', 'feature/a');
  const { orchard, look } = await s.open();
  const { id, rebaseNow } = (await look()).rowOf('b');
  expect(rebaseNow).toMatchObject({ files: ['ab.txt'], waitsFor: null });
  const before = await s.state('b');
  const plan = await planRebase(orchard, id);
  expect(plan).toMatchObject({ conflicts: ['ab.txt'], refusal: { kind: 'conflict', files: ['ab.txt'] } });
  expect(await execute(orchard, plan)).toEqual({ ok: false, error: { kind: 'conflict', files: ['ab.txt'] } });
  expect(await s.state('b')).toEqual(before);
  expect(await readFile(join(s.at('b'), 'ab.txt'), 'utf8')).toBe('b\n');
  // Resolved where it has to be: nothing is left to say.
  await s.rebaseByHand('b');
  await orchard.handlers['snapshot.refresh']({});
  expect((await look()).rowOf('b').rebaseNow).toBe(null);
});

test('a rebase that works out is one action, and one undo', async () => {
  const s = await scene('a', []);
  // What landed took the first of two commits along: a merge conflicts over it, a rebase leaves it out.
  const first = await s.commit(s.at('a'), { 'README.md': '# one\n' }, 'one');
  await s.commit(s.at('a'), { 'README.md': '# two\n' }, 'two');
  await s.git(s.project, 'cherry-pick', first);
  const { orchard, look } = await s.open();
  const { id, rebaseNow } = (await look()).rowOf('a');
  expect(rebaseNow?.files).toEqual(['README.md']);
  const before = await s.git(s.project, 'rev-parse', 'feature/a');
  const plan = await planRebase(orchard, id);
  expect(plan.refusal).toBe(null);
  const done = worked(await execute(orchard, plan));
  expect((await look()).rowOf('a')).toMatchObject({ rebaseNow: null, behind: 0, ahead: 2 });
  expect(await s.git(s.at('a'), 'status', '--porcelain')).toBe('');
  expect(await readFile(join(s.at('a'), 'README.md'), 'utf8')).toBe('# two\n');
  worked(await orchard.handlers['operation.undo']({ operation: done.operation, restoreRemote: false }));
  expect(await s.git(s.project, 'rev-parse', 'feature/a')).toBe(before);
  expect((await look()).rowOf('a').rebaseNow?.files).toEqual(['README.md']);
});

test('neither unfinished work nor a session at work is touched: it is told, offered later, refused until then', async () => {
  const s = await scene('ab', ['ab']);
  await s.git(s.project, 'merge', '-q', '--no-edit', 'feature/a');
  const sessions = join(s.home, '.claude/sessions');
  const file = join(sessions, `${process.pid}.json`);
  await mkdir(sessions, { recursive: true });
  const { orchard, look } = await s.open();
  const told = async () => {
    await orchard.handlers['snapshot.refresh']({});
    const found = await look();
    const { id, rebaseNow } = found.rowOf('b');
    const suggestion = found.snapshot.suggestions.find(({ worktree }) => worktree === id);
    return { id, waitsFor: rebaseNow?.waitsFor, action: suggestion?.action };
  };
  const { id } = await told();

  await writeFile(
    file,
    JSON.stringify({
      sessionId: 'x',
      cwd: s.at('b'),
      status: 'busy',
      startedAt: Date.now(),
      updatedAt: Date.now(),
    }),
  );
  expect(await told()).toEqual({ id, waitsFor: 'session', action: null });
  const busy = await s.state('b');
  expect((await planRebase(orchard, id)).refusal).toMatchObject({ kind: 'session-busy' });
  expect(await s.state('b')).toEqual(busy);
  await rm(file);

  await s.write(join(s.at('b'), 'b.txt'), 'not committed\n');
  expect(await told()).toEqual({ id, waitsFor: 'changes', action: null });
  const dirty = await s.state('b');
  const refused = await planRebase(orchard, id);
  expect(refused.refusal).toEqual({ kind: 'dirty', path: s.at('b'), files: ['b.txt'] });
  expect(await execute(orchard, refused)).toMatchObject({ ok: false, error: { kind: 'dirty' } });
  expect(await s.state('b')).toEqual(dirty);
  expect(await readFile(join(s.at('b'), 'b.txt'), 'utf8')).toBe('not committed\n');

  await s.git(s.at('b'), 'checkout', '-q', 'b.txt');
  expect(await told()).toEqual({ id, waitsFor: null, action: 'rebase' });
});

test('work that is not committed is pointed to a rebase too; what goes to another base, and the main one, are not', async () => {
  const s = await scene('ac', ['ac']);
  // b changes the same and has committed nothing; n goes elsewhere; the main worktree has edits of its own.
  await s.worktree(s.project, s.at('b'), 'feature/b', 'main');
  await s.write(join(s.at('b'), 'ac.txt'), 'b\n');
  await s.git(s.project, 'branch', 'next');
  await s.worktree(s.project, s.at('n'), 'feature/n', 'next');
  const head = await s.commit(s.at('n'), { 'ac.txt': 'n\n' });
  const record = {
    version: 1,
    entry: 'project-wt-n',
    path: s.at('n'),
    task: null,
    branch: 'feature/n',
    base: 'next',
    createdAt: head,
    createdAtCommit: head,
    quick: false,
    sessionId: null,
    spawnedAt: new Date(0).toISOString(),
    copies: {},
    group: null,
  };
  await s.write(join(s.project, '.git/orchard/tasks/project-wt-n.json'), JSON.stringify(record));
  await s.write(join(s.project, 'loose.txt'), 'the main worktree’s own\n');
  const { orchard, look } = await s.open();
  const found = await look();
  const done = await land(orchard, found.rowOf('a').id);
  expect(found.rowOf('n')).toMatchObject({ base: 'next', ahead: 1 });
  expect(found.rowOf('n').collisions.length).toBeGreaterThan(0);
  expect(done.rebaseNow.map(found.letterOf).sort()).toEqual(['b', 'c']);
  const after = await look();
  expect(after.rowOf('b').rebaseNow).toMatchObject({ files: ['ac.txt'], waitsFor: 'changes' });
  expect(after.rowOf('c').rebaseNow).toMatchObject({ files: ['ac.txt'], waitsFor: null });
  expect(after.rowOf('n').rebaseNow).toBe(null);
});

test('a base that was rewritten, and is as far ahead as before, is compared anew', async () => {
  const s = await scene('ab', ['ab']);
  await s.commit(s.project, { 'ab.txt': 'main\n' }, 'in the way');
  const { orchard, look } = await s.open();
  expect((await look()).rowOf('a').rebaseNow?.files).toEqual(['ab.txt']);
  await s.git(s.project, 'checkout', '-q', 'HEAD~1', '--', 'ab.txt');
  await s.write(join(s.project, 'else.txt'), 'elsewhere\n');
  await s.git(s.project, 'add', '-A');
  await s.git(s.project, 'commit', '-q', '--amend', '-m', 'elsewhere');
  await orchard.handlers['snapshot.refresh']({});
  expect((await look()).rowOf('a')).toMatchObject({ behind: 1, rebaseNow: null });
});

test('a base that moved on its remote and was fetched counts, though the local one stands where it was', async () => {
  const s = await scene('ab', ['ab']);
  const remote = join(s.root, 'remote.git');
  await s.git(s.root, 'clone', '-q', '--bare', s.project, remote);
  await s.git(s.project, 'remote', 'add', 'origin', remote);
  await s.git(s.project, 'fetch', '-q', 'origin');
  await s.git(s.project, 'branch', '-q', '--set-upstream-to=origin/main', 'main');
  // Someone merged a’s pull request there.
  const elsewhere = join(s.root, 'elsewhere');
  await s.git(s.root, 'clone', '-q', remote, elsewhere);
  await s.git(elsewhere, 'merge', '-q', '--no-edit', 'origin/feature/a');
  await s.git(elsewhere, 'push', '-q', 'origin', 'main');
  const { orchard, look } = await s.open();
  expect((await look()).rowOf('b').rebaseNow).toBe(null);
  await s.git(s.project, 'fetch', '-q', 'origin');
  await orchard.handlers['snapshot.refresh']({});
  const { id, rebaseNow } = (await look()).rowOf('b');
  expect(rebaseNow?.files).toEqual(['ab.txt']);
  expect((await planRebase(orchard, id)).refusal).toEqual({ kind: 'conflict', files: ['ab.txt'] });
});
