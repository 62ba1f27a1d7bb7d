/**
 * Every operation is killed at every line of its journal, before the line is written and after; then
 * Orchard starts anew. Whatever the moment, everything is as before, or as after and can be undone.
 */
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locationOf } from '../../support/git-command';
import type { ChildTask } from '../../support/landing/child';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import { photograph } from '../../support/landing/photograph';
import { childRunner } from '../../support/landing/run-child';
import { createSandbox } from '../../support/repositories';

const runChild = childRunner();
const whole = process.env.ORCHARD_LONG === '1';

async function scene() {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const remote = join(sandbox.root, 'remote.git');
  await sandbox.git(sandbox.root, 'clone', '-q', '--bare', repository, remote);
  const git = (...args: string[]) => sandbox.git(repository, ...args);
  await git('remote', 'add', 'origin', remote);
  await git('fetch', '-q', 'origin');
  await git('branch', '-q', '--set-upstream-to=origin/main', 'main');
  const worktree = await sandbox.worktree(
    repository,
    join(sandbox.root, 'project-wt-login'),
    'feature/login',
  );
  const inside = (...args: string[]) => sandbox.git(worktree, ...args);
  await sandbox.commit(worktree, { '.gitignore': '.env.local\n', 'login.txt': 'login\n' }, 'Add login');
  await sandbox.commit(worktree, { 'login.txt': 'login\nlogout\n' }, 'Add logout');
  await sandbox.commit(repository, { 'moved.txt': 'on\n' }, 'Main moves');
  await git('push', '-q', 'origin', 'main', 'feature/login');
  await git('config', 'branch.feature/login.description', 'logging in');
  await sandbox.write(join(worktree, '.env.local'), 'KEY=1\n');
  await sandbox.write(join(worktree, '.planning/brain/learned.md'), 'a note\n');
  await sandbox.write(join(repository, 'untracked.txt'), 'mine\n');
  const sibling = await sandbox.worktree(repository, join(sandbox.root, 'sibling'), 'sibling', 'main');
  await sandbox.write(join(sibling, 'staged.txt'), 'staged\n');
  await sandbox.git(sibling, 'add', 'staged.txt');
  return { sandbox, repository, remote, worktree, sibling, git, inside };
}
type Scene = Awaited<ReturnType<typeof scene>>;

/** Everything of value: refs here and on the remote, and the three working trees with their indexes. */
async function all(s: Scene) {
  const heads = ['--format=%(objectname) %(refname)', 'refs/heads'];
  const inTrees = (name: string) => name === '.git';
  return {
    refs: await s.git('for-each-ref', ...heads),
    remote: await s.sandbox.git(s.remote, 'for-each-ref', ...heads),
    config: (await s.git('config', '--local', '--list')).split('\n').sort(),
    list: await s.git('worktree', 'list', '--porcelain'),
    main: [await photograph(s.repository, inTrees), await s.git('status', '--porcelain=v2')],
    worktree: [await photograph(s.worktree), await s.inside('status', '--porcelain=v2')],
    reflog: await s.inside('rev-list', '-g', 'HEAD').catch(() => ''),
    sibling: [await photograph(s.sibling), await s.sandbox.git(s.sibling, 'status', '--porcelain=v2')],
  };
}

/** The same, less the times of files that a checkout may write anew, and the reflog, which tells all. */
const settled = async (s: Scene) => {
  const { reflog: _reflog, ...rest } = await all(s);
  return JSON.parse(JSON.stringify(rest).replace(/file (\d+) [\d.]+ /g, 'file $1 ')) as unknown;
};

async function expectSound(s: Scene) {
  expect(await s.git('fsck', '--no-dangling', '--connectivity-only')).toBe('');
  const stray = (await readdir(s.sandbox.root)).filter(
    (name) => !['home', 'project', 'project-wt-login', 'sibling', 'remote.git'].includes(name),
  );
  expect(stray).toEqual([]);
}

async function expectNothingKept(s: Scene) {
  expect(await s.git('for-each-ref', 'refs/orchard')).toBe('');
  expect(await readdir(join(s.repository, '.git/orchard/trash')).catch(() => [])).toEqual([]);
}

/** Kills at each line in turn until the operation comes to its end; answers how many points were killed. */
async function matrix(
  s: Scene,
  action: ChildTask['action'],
  afterKill: (house: ReturnType<typeof createHouse>, said: readonly string[], point: string) => Promise<void>,
  beforeRun: () => Promise<void> = async () => undefined,
): Promise<number> {
  const location = locationOf(s.repository);
  let killed = 0;
  for (let line = 1; line < 40; line++)
    for (const when of whole
      ? (['before', 'after'] as const)
      : line % 2 === 0
        ? (['before', 'after'] as const)
        : (['after'] as const)) {
      await beforeRun();
      const end = await runChild({
        location,
        env: s.sandbox.env,
        home: s.sandbox.home,
        worktreeId: worktreeIdOf(s.worktree),
        action,
        kill: { line, when },
      });
      const point = `${action.kind} killed ${when} line ${line}`;
      if (end.signal === null) {
        expect(end, point).toMatchObject({ answer: { ok: true } });
        return killed;
      }
      expect(end.signal, `${point}: ${end.stderr}`).toBe('SIGKILL');
      killed++;
      // A new start.
      const house = createHouse({ locations: [location], env: s.sandbox.env, home: s.sandbox.home });
      const said = await house.recovery.atStart(location);
      expect(await house.recovery.atStart(location), point).toEqual([]);
      await expectSound(s);
      await afterKill(house, said, point);
    }
  throw new Error('the operation never came to its end');
}

const operationsOf = async (house: ReturnType<typeof createHouse>) => {
  const listed = await house.undoer.list();
  if (!listed.ok) throw new Error('no list');
  return listed.value.operations;
};

const merges = [
  { kind: 'merge', strategy: 'merge', update: 'merge', push: false },
  { kind: 'merge', strategy: 'squash', update: 'rebase', push: false },
  { kind: 'merge', strategy: 'ff', update: 'rebase', push: false },
] as const;

for (const action of merges)
  test(`merge (${action.strategy}, ${action.update}) survives a kill at every line of its journal`, async (ctx) => {
    if (!whole && action.strategy === 'ff') ctx.skip('the whole crash matrix runs with ORCHARD_LONG=1');
    const s = await scene();
    const before = await settled(s);
    const killed = await matrix(s, action, async (house, said, point) => {
      const operations = await operationsOf(house);
      if (operations.length > 0) {
        // It had landed: kept, told, and taken back by a documented command.
        expect(await s.git('merge-base', '--is-ancestor', 'HEAD~1', 'main'), point).toBe('');
        expect(await s.git('log', '-1', '--format=%s', 'main'), point).not.toBe('Main moves');
        expect(await s.git('status', '--porcelain', '-uno'), point).toBe('');
        expect((await house.undoer.undo({ operation: null })).ok, point).toBe(true);
      } else if (said.length > 0) expect(said.join(), point).toContain('Took back');
      expect(await settled(s), point).toEqual(before);
      await expectNothingKept(s);
    });
    console.log(`killed at ${killed} points: merge ${action.strategy}`);
    expect(killed).toBeGreaterThan(5);
    expect(await s.git('diff', '--name-only', 'main', 'feature/login')).toBe('');
  });

test('merge with a push survives a kill at every line of its journal', async () => {
  const s = await scene();
  const killed = await matrix(
    s,
    { kind: 'merge', strategy: 'merge', update: 'merge', push: true },
    async (house, _said, point) => {
      const [main, pushed] = [
        await s.git('rev-parse', 'main'),
        await s.sandbox.git(s.remote, 'rev-parse', 'main'),
      ];
      // Never half: the remote has nothing that the base here does not have.
      await s.git('fetch', '-q', 'origin');
      expect(await s.git('merge-base', '--is-ancestor', pushed, main), point).toBe('');
      const [operation] = await operationsOf(house);
      if (operation !== undefined) {
        const undone = await house.undoer.undo({ operation: operation.operation });
        // Pushed or not is found out, not assumed.
        expect(undone.ok, point).toBe(pushed !== main);
      }
    },
    async () => {
      // Whatever landed before is the new before: each point gets work of its own.
      await s.sandbox.commit(s.worktree, { [`again-${Math.random()}.txt`]: 'x\n' }, 'More');
    },
  );
  console.log(`killed at ${killed} points: merge and push`);
  expect(killed).toBeGreaterThan(5);
});

test('a pull request survives a kill at every line of its journal', async () => {
  const s = await scene();
  const main = await s.git('rev-parse', 'main');
  const killed = await matrix(
    s,
    { kind: 'merge', strategy: 'pr', update: 'merge', push: false },
    async (_house, _said, point) => {
      expect(await s.git('rev-parse', 'main'), point).toBe(main);
      // The branch here has all that its remote has.
      const pushed = await s.sandbox.git(s.remote, 'rev-parse', 'feature/login');
      expect(await s.git('merge-base', '--is-ancestor', pushed, 'feature/login'), point).toBe('');
      expect(await s.inside('status', '--porcelain', '-uno'), point).toBe('');
      await expectNothingKept(s);
    },
    async () => {
      await s.sandbox.commit(s.worktree, { [`again-${Math.random()}.txt`]: 'x\n' }, 'More');
    },
  );
  console.log(`killed at ${killed} points: pull request`);
  expect(killed).toBeGreaterThan(3);
});

/** Work in every state that a ref could not bring back. */
async function disorder(s: Scene) {
  await s.sandbox.commit(s.worktree, { 'moved.txt': 'other\n' }, 'Clash');
  await expect(s.inside('merge', 'main')).rejects.toThrow();
  await s.sandbox.write(join(s.worktree, 'staged.txt'), 'only in the index\n');
  await s.inside('add', 'staged.txt');
  await s.sandbox.write(join(s.worktree, 'staged.txt'), 'changed again\n');
  await s.sandbox.write(join(s.worktree, 'untracked.bin'), Buffer.from([0, 1, 255]));
  await mkdir(join(s.worktree, 'empty'));
  await symlink('nowhere', join(s.worktree, 'link'));
}

test('cleanup survives a kill at every line of its journal', async () => {
  const s = await scene();
  await disorder(s);
  const before = await all(s);
  const killed = await matrix(s, { kind: 'cleanup', deleteRemote: true }, async (house, said, point) => {
    const operations = await operationsOf(house);
    if (operations.length > 0) {
      expect(await s.git('worktree', 'list'), point).not.toContain('login');
      expect(await s.git('branch', '--list', 'feature/login'), point).toBe('');
      expect(await house.undoer.undo({ operation: null, restoreRemote: true }), point).toMatchObject({
        ok: true,
      });
    } else if (said.length > 0) expect(said.join(), point).toContain('Took back');
    expect(await all(s), point).toEqual(before);
    await expectNothingKept(s);
  });
  console.log(`killed at ${killed} points: cleanup`);
  expect(killed).toBeGreaterThan(7);
});

test('undo of a cleanup survives a kill at every line of its journal', async () => {
  const s = await scene();
  await disorder(s);
  const before = await all(s);
  const location = locationOf(s.repository);
  const killed = await matrix(
    s,
    { kind: 'undo' },
    async (house, _said, point) => {
      if ((await operationsOf(house)).length > 0)
        expect(await house.undoer.undo({ operation: null, restoreRemote: true }), point).toMatchObject({
          ok: true,
        });
      expect(await all(s), point).toEqual(before);
      await expectNothingKept(s);
    },
    async () => {
      const house = createHouse({ locations: [location], env: s.sandbox.env, home: s.sandbox.home });
      const planned = await house.cleaner.planCleanup({
        worktreeId: worktreeIdOf(s.worktree),
        abandon: 'x',
        keepBranch: false,
        deleteRemote: true,
      });
      if (!planned.ok) throw new Error(JSON.stringify(planned.error));
      const done = await house.cleaner.cleanup({ token: planned.value.token, approve: true });
      if (!done.ok) throw new Error(JSON.stringify(done.error));
    },
  );
  console.log(`killed at ${killed} points: undo of a cleanup`);
  expect(killed).toBeGreaterThan(6);
  expect(await all(s)).toEqual(before);
});

test('undo of a merge survives a kill at every line of its journal', async (ctx) => {
  if (!whole) ctx.skip('the whole crash matrix runs with ORCHARD_LONG=1');
  const s = await scene();
  const before = await settled(s);
  const killed = await matrix(
    s,
    { kind: 'undo' },
    async (house, _said, point) => {
      if ((await operationsOf(house)).length > 0)
        expect(await house.undoer.undo({ operation: null }), point).toMatchObject({ ok: true });
      expect(await settled(s), point).toEqual(before);
      await expectNothingKept(s);
    },
    async () => {
      const house = createHouse({
        locations: [locationOf(s.repository)],
        env: s.sandbox.env,
        home: s.sandbox.home,
      });
      const planned = await house.merger.planMerge({
        worktreeId: worktreeIdOf(s.worktree),
        strategy: 'squash',
        update: 'rebase',
        skipValidation: true,
        push: false,
      });
      if (!planned.ok) throw new Error(JSON.stringify(planned.error));
      const done = await house.merger.merge({ token: planned.value.token, approve: true });
      if (!done.ok) throw new Error(JSON.stringify(done.error));
    },
  );
  console.log(`killed at ${killed} points: undo of a merge`);
  expect(killed).toBeGreaterThan(3);
  expect(await settled(s)).toEqual(before);
});
