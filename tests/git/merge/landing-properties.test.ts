/**
 * Random histories by raw git: what is predicted is what git then does, "merged" never lies, and a
 * cleanup followed by undo gives back every byte. ORCHARD_LONG=1 runs many more of them.
 */
import { chmod, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMergedCheck } from '../../../src-main/git/facts/merged';
import { mergeTrees } from '../../../src-main/git/facts/prediction';
import { buildRebase } from '../../../src-main/git/merge/rebase-in-memory';
import { gitOf, locationOf } from '../../support/git-command';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import { photograph } from '../../support/landing/photograph';
import { createSandbox } from '../../support/repositories';

const numRuns = process.env.ORCHARD_LONG === '1' ? 150 : 5;

const file = fc.constantFrom('a.txt', 'b.txt', 'dir/c.txt');
const line = fc.integer({ min: 0, max: 5 });
const edit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      file,
      line,
      text: fc.constantFrom('x', 'y', 'z'),
    }),
  },
  fc.record({ do: fc.constant('indent' as const), file, line }),
  fc.record({
    do: fc.constant('add' as const),
    name: fc.constantFrom('n1', 'n2', 'dir/n3'),
    text: fc.constantFrom('1', '2'),
  }),
  fc.record({ do: fc.constant('delete' as const), file }),
  fc.record({
    do: fc.constant('rename' as const),
    file,
    to: fc.constantFrom('moved.txt', 'other/place.txt'),
  }),
  fc.record({ do: fc.constant('binary' as const), byte: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('mode' as const), file }),
  fc.record({ do: fc.constant('link' as const), to: fc.constantFrom('here', 'there') }),
  fc.record({ do: fc.constant('crlf' as const), file }),
  fc.record({ do: fc.constant('revert' as const) }),
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ on: fc.constant('branch' as const), edit }) },
  { weight: 3, arbitrary: fc.record({ on: fc.constant('base' as const), edit }) },
  fc.record({
    on: fc.constant('integrate' as const),
    how: fc.constantFrom(
      'squash' as const,
      'pick-last' as const,
      'pick-all' as const,
      'merge' as const,
      'update' as const,
    ),
  }),
);

type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function history(steps: readonly Step[]) {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const text = [0, 1, 2, 3, 4, 5].map((at) => `line ${at}\n`).join('');
  const start = await sandbox.commit(repository, {
    'a.txt': text,
    'b.txt': `b\n${text}`,
    'dir/c.txt': `c\n${text}`,
  });
  const worktree = await sandbox.worktree(repository, join(sandbox.root, 'wt'), 'branch');
  const tries = async (directory: string, ...args: string[]) =>
    sandbox.git(directory, ...args).then(
      () => true,
      () => false,
    );
  const apply = async (directory: string, one: Edit): Promise<void> => {
    const at = (name: string) => join(directory, name);
    const { readFile } = await import('node:fs/promises');
    const change = async (name: string, how: (lines: string[]) => void) => {
      const before = await readFile(at(name), 'utf8').catch(() => null);
      if (before === null) return;
      const lines = before.split('\n');
      how(lines);
      await writeFile(at(name), lines.join('\n'));
    };
    switch (one.do) {
      case 'change':
        return change(one.file, (lines) => {
          lines[one.line] = `${one.text} ${one.line}`;
        });
      case 'indent':
        return change(one.file, (lines) => {
          lines[one.line] = `  ${lines[one.line] ?? ''}`;
        });
      case 'crlf':
        return change(one.file, (lines) => {
          for (let n = 0; n < lines.length - 1; n++) lines[n] = `${lines[n]?.replace(/\r$/, '')}\r`;
        });
      case 'add':
        return sandbox.write(at(one.name), `${one.text}\n`);
      case 'delete':
        return rm(at(one.file), { force: true });
      case 'rename':
        await sandbox.write(at(`${one.to}.directory`), '');
        await rm(at(`${one.to}.directory`));
        await rename(at(one.file), at(one.to)).catch(() => undefined);
        return;
      case 'binary':
        return writeFile(at('image.bin'), Buffer.from([0, one.byte, 0, 255, one.byte]));
      case 'mode':
        return chmod(at(one.file), 0o755).catch(() => undefined);
      case 'link':
        await rm(at('link'), { force: true });
        return symlink(one.to, at('link'));
      case 'revert':
        if (!(await tries(directory, 'revert', '--no-edit', 'HEAD')))
          await tries(directory, 'revert', '--abort');
    }
  };
  /** The commits of the branch that some act took into the base, whole. */
  const taken = new Set<string>();
  const own = async () =>
    (await sandbox.git(worktree, 'rev-list', '--no-merges', `${start}..HEAD`)).split('\n').filter(Boolean);
  let count = 0;
  for (const one of steps) {
    if (one.on === 'integrate') {
      const commits = (await sandbox.git(worktree, 'rev-list', '--reverse', '--no-merges', 'main..HEAD'))
        .split('\n')
        .filter(Boolean);
      if (one.how === 'update') {
        if (!(await tries(worktree, 'merge', '-q', '--no-edit', 'main')))
          await tries(worktree, 'merge', '--abort');
      } else if (one.how === 'merge') {
        if (await tries(repository, 'merge', '-q', '--no-ff', '--no-edit', 'branch'))
          for (const commit of await own()) taken.add(commit);
        else await tries(repository, 'merge', '--abort');
      } else if (one.how === 'squash') {
        if (
          (await tries(repository, 'merge', '-q', '--squash', 'branch')) &&
          (await tries(repository, 'commit', '-q', '-m', 'squash'))
        )
          for (const commit of await own()) taken.add(commit);
        await sandbox.git(repository, 'reset', '-q', '--hard');
      } else
        for (const commit of one.how === 'pick-all' ? commits : commits.slice(-1))
          if (await tries(repository, 'cherry-pick', commit)) taken.add(commit);
          else await tries(repository, 'cherry-pick', '--abort');
      continue;
    }
    const directory = one.on === 'branch' ? worktree : repository;
    await apply(directory, one.edit);
    await sandbox.git(directory, 'add', '-A');
    await tries(directory, 'commit', '-q', '-m', `step ${++count}`);
  }
  return { sandbox, repository, worktree, start, taken, own, tries };
}

test('what is predicted is what git does, and “merged” never lies', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), async (steps) => {
      const h = await history(steps);
      const git = gitOf(h.sandbox);
      const location = locationOf(h.repository);
      const [base, tip] = [
        await h.sandbox.git(h.repository, 'rev-parse', 'main'),
        await h.sandbox.git(h.repository, 'rev-parse', 'branch'),
      ];
      const predicted = await mergeTrees(git, h.repository, base, tip, { mode: 'quiet' });
      if (!predicted.ok) throw new Error(JSON.stringify(predicted.error));

      // The claim first, while everything is as it is.
      const said = await createMergedCheck(git).howMerged(location, {
        tip,
        bases: [{ name: 'main', commit: base }],
        createdAtCommit: h.start,
        dirty: false,
      });
      if (said.how !== null) {
        const everything = (await h.own()).every((commit) => h.taken.has(commit));
        const baseTree = await h.sandbox.git(h.repository, 'rev-parse', 'main^{tree}');
        const nothingToAdd = predicted.value.files.length === 0 && predicted.value.tree === baseTree;
        const empty = (await h.sandbox.git(h.repository, 'diff', '--name-only', `main...branch`)) === '';
        expect(everything || nothingToAdd || empty, `${said.how}: ${said.text}`).toBe(true);
      }

      const scratch = join(h.sandbox.root, 'scratch');
      await h.sandbox.git(h.repository, 'worktree', 'add', '-q', '--detach', scratch, base);
      const clean = await h.tries(scratch, 'merge', '-q', '--no-ff', '--no-edit', tip);
      expect(predicted.value.files.length === 0).toBe(clean);
      if (clean) expect(await h.sandbox.git(scratch, 'rev-parse', 'HEAD^{tree}')).toBe(predicted.value.tree);
      else {
        const unmerged = (await h.sandbox.git(scratch, 'diff', '--name-only', '--diff-filter=U')).split('\n');
        for (const name of unmerged.filter(Boolean)) expect(predicted.value.files).toContain(name);
        await h.sandbox.git(scratch, 'merge', '--abort');
      }

      if ((await h.sandbox.git(h.repository, 'rev-list', '--merges', 'main..branch')) === '') {
        await h.sandbox.git(scratch, 'checkout', '-q', '--detach', tip);
        const rebased = await h.tries(
          scratch,
          'rebase',
          '-q',
          '--reapply-cherry-picks',
          '--no-fork-point',
          'main',
        );
        const ours = await buildRebase(git, location, h.repository, base, tip, { sign: false });
        expect(ours.ok).toBe(rebased);
        if (ours.ok)
          expect(
            await h.sandbox.git(scratch, 'log', '--format=%T %an %ae %ad %s', 'HEAD', '--not', base),
          ).toBe(
            await h.sandbox.git(scratch, 'log', '--format=%T %an %ae %ad %s', ours.value, '--not', base),
          );
      }
    }),
    { numRuns },
  );
});

test('cleanup and undo give back every byte', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 5 }),
      fc.subarray([
        'staged',
        'changed',
        'untracked',
        'conflict',
        'empty',
        'detached',
        'nested',
        'submodule',
      ] as const),
      async (steps, dirt) => {
        const h = await history(steps);
        const inside = (...args: string[]) => h.sandbox.git(h.worktree, ...args);
        if (dirt.includes('submodule')) {
          const other = await h.sandbox.repository('library');
          await h.tries(h.worktree, 'submodule', 'add', '-q', other, 'library');
        }
        if (dirt.includes('detached')) await inside('checkout', '-q', '--detach');
        if (dirt.includes('conflict')) {
          await h.sandbox.commit(h.worktree, { 'clash.txt': 'mine\n' });
          await h.sandbox.commit(h.repository, { 'clash.txt': 'theirs\n' });
          await h.tries(h.worktree, 'merge', 'main');
        }
        if (dirt.includes('staged')) {
          await h.sandbox.write(join(h.worktree, 'staged.txt'), 'staged\n');
          await inside('add', 'staged.txt');
        }
        if (dirt.includes('changed')) await h.sandbox.write(join(h.worktree, 'README.md'), 'changed\r\n');
        if (dirt.includes('untracked'))
          await h.sandbox.write(join(h.worktree, 'new/deep/file'), Buffer.from([0, 1, 2]));
        if (dirt.includes('empty')) await h.sandbox.git(h.worktree, 'init', '-q', 'nested-empty/inner');
        if (dirt.includes('nested')) {
          await h.sandbox.git(h.worktree, 'init', '-q', 'nested');
          await h.sandbox.commit(join(h.worktree, 'nested'), { 'x.txt': 'x\n' });
        }
        const everything = async () => ({
          directory: await photograph(h.worktree),
          entry: await photograph(join(h.repository, '.git/worktrees')),
          refs: await h.sandbox.git(h.repository, 'for-each-ref'),
        });
        const before = await everything();
        const house = createHouse({
          locations: [locationOf(h.repository)],
          env: h.sandbox.env,
          home: h.sandbox.home,
        });
        const planned = await house.cleaner.planCleanup({
          worktreeId: worktreeIdOf(h.worktree),
          abandon: 'a run',
          keepBranch: false,
          deleteRemote: false,
        });
        if (!planned.ok) throw new Error(JSON.stringify(planned.error));
        const done = await house.cleaner.cleanup({ token: planned.value.token, approve: true });
        expect(done).toMatchObject({ ok: true });
        expect(await readdir(h.sandbox.root)).not.toContain('wt');
        await h.sandbox.git(h.repository, 'gc', '-q', '--prune=now');
        expect(await h.sandbox.git(h.repository, 'fsck', '--no-dangling')).toBe('');
        expect(await house.undoer.undo({ operation: null })).toMatchObject({ ok: true });
        expect(await everything()).toEqual(before);
      },
    ),
    { numRuns },
  );
});
