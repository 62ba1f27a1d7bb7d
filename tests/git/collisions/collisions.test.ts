import { createHash } from 'node:crypto';
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { between, createScene } from '../../support/collision-scene';
import { poll } from '../../support/poll';
import type { Sandbox } from '../../support/repositories';

test('uncommitted edits of the same line in two worktrees collide, on both rows, before anything is committed', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await writeFile(join(a, 'src/one.txt'), 'one\nTWO of a\nthree\n');
  await writeFile(join(b, 'src/one.txt'), 'one\nTWO of b\nthree\n');
  const found = await scene.look();
  expect(between(found, a, b)).toMatchObject({
    files: ['src/one.txt'],
    kinds: ['content'],
    certainty: 'decided',
  });
  expect(between(found, b, a)).toMatchObject({ files: ['src/one.txt'] });
  expect(between(found, a, 'base')).toBeNull();
});

test('a later edit takes the collision away again', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await writeFile(join(a, 'src/one.txt'), 'A\ntwo\nthree\n');
  await writeFile(join(b, 'src/one.txt'), 'B\ntwo\nthree\n');
  expect(between(await scene.look(), a, b)).not.toBeNull();
  await writeFile(join(b, 'src/one.txt'), 'A\ntwo\nthree\n');
  expect(between(await scene.look(), a, b)).toBeNull();
});

test('attributes count as they do in the merge itself: a link is not followed', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await writeFile(join(a, 'src/one.txt'), 'one\ntwo\nthree\nA\n');
  await writeFile(join(b, 'src/one.txt'), 'one\ntwo\nthree\nB\n');
  await scene.sandbox.commit(scene.main, { '.gitattributes': '*.txt merge=union\n' });
  expect(between(await scene.look(), a, b)).toBeNull();
  await rename(join(scene.main, '.gitattributes'), join(scene.sandbox.root, 'elsewhere'));
  await symlink(join(scene.sandbox.root, 'elsewhere'), join(scene.main, '.gitattributes'));
  expect(between(await scene.look(), a, b)).toMatchObject({ files: ['src/one.txt'] });
});

test('work that conflicts with a base that moved on says so', async () => {
  const scene = await createScene();
  const a = join(scene.sandbox.root, 'a');
  await scene.sandbox.commit(scene.main, { 'src/one.txt': 'main\ntwo\nthree\n' });
  await scene.sandbox.commit(a, { 'src/one.txt': 'a\ntwo\nthree\n' });
  expect(between(await scene.look(), a, 'base')).toMatchObject({ files: ['src/one.txt'] });
});

test('a deletion against a change, a rename against a rename, a new file against a new file: each by its kind', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await scene.sandbox.git(a, 'rm', '-q', 'README.md');
  await writeFile(join(b, 'README.md'), '# changed\n');
  expect(between(await scene.look(), a, b)?.kinds).toEqual(['delete-modify']);
  await scene.sandbox.git(a, 'reset', '-q', '--hard');
  await scene.sandbox.git(b, 'reset', '-q', '--hard');
  await scene.sandbox.git(a, 'mv', 'src/one.txt', 'src/first.txt');
  await scene.sandbox.git(b, 'mv', 'src/one.txt', 'src/uno.txt');
  expect(between(await scene.look(), a, b)?.kinds).toContain('rename');
  await scene.sandbox.git(a, 'reset', '-q', '--hard');
  await scene.sandbox.git(b, 'reset', '-q', '--hard');
  await writeFile(join(a, 'new file ü.txt'), 'a\n');
  await writeFile(join(b, 'new file ü.txt'), 'b\n');
  expect(between(await scene.look(), a, b)).toMatchObject({ files: ['new file ü.txt'] });
});

test('a directory rename against a new file in the old directory is not missed', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await scene.sandbox.git(a, 'mv', 'src', 'lib');
  await writeFile(join(b, 'src/new.txt'), 'new\n');
  await scene.sandbox.git(a, 'commit', '-qam', 'move');
  await scene.sandbox.git(b, 'add', '-A');
  await scene.sandbox.git(b, 'commit', '-qm', 'new');
  expect(between(await scene.look(), a, b)?.files.length).toBeGreaterThan(0);
});

test('ignored files, intent-to-add, staged-only work and an unfinished merge are all seen for what they are', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await scene.sandbox.commit(scene.main, { '.gitignore': 'ignored\n' });
  await scene.sandbox.git(a, 'merge', '-q', 'main');
  await scene.sandbox.git(b, 'merge', '-q', 'main');
  await writeFile(join(a, 'ignored'), 'a\n');
  await writeFile(join(b, 'ignored'), 'b\n');
  expect(between(await scene.look(), a, b)).toBeNull();
  await writeFile(join(a, 'x.txt'), 'a\n');
  await scene.sandbox.git(a, 'add', '-N', 'x.txt');
  await writeFile(join(b, 'x.txt'), 'b\n');
  await scene.sandbox.git(b, 'add', 'x.txt');
  expect(between(await scene.look(), a, b)?.files).toEqual(['x.txt']);
});

test('a nested worktree and a nested repository without commits are left out', async () => {
  const scene = await createScene();
  const a = join(scene.sandbox.root, 'a');
  const nested = join(a, '.claude/worktrees/inner');
  await scene.sandbox.worktree(scene.main, nested, 'worktree-inner');
  await writeFile(join(nested, 'src/one.txt'), 'inner\n');
  await mkdir(join(a, 'empty-repo'));
  await scene.sandbox.git(join(a, 'empty-repo'), 'init', '-q');
  await writeFile(join(a, 'src/one.txt'), 'outer\n');
  const found = await scene.look();
  expect(between(found, a, nested)).toMatchObject({ files: ['src/one.txt'] });
});

test('a large untracked file compares by what it is, and its content goes nowhere', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  for (const [place, size] of [
    [a, 11],
    [b, 12],
  ] as const) {
    await writeFile(join(place, 'big.bin'), '');
    await truncate(join(place, 'big.bin'), size * 1024 * 1024);
  }
  expect(between(await scene.look(), a, b)?.files).toEqual(['big.bin']);
});

test('a filter of the repository is not run', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  const witness = join(scene.sandbox.root, 'ran');
  await scene.sandbox.git(
    scene.main,
    'config',
    'filter.spy.clean',
    `tr '\\0' ' ' < /proc/$PPID/cmdline >> '${witness}'; cat`,
  );
  await scene.sandbox.git(scene.main, 'config', 'filter.spy.required', 'true');
  await writeFile(join(scene.main, '.git/info/attributes'), '*.txt filter=spy\n');
  await writeFile(join(a, 'src/one.txt'), 'spied a\n');
  await writeFile(join(b, 'src/one.txt'), 'spied b\n');
  // The test's own `git status` runs it; what counts is who runs it after that.
  const facts = await scene.facts();
  await rm(witness, { force: true });
  const found = await scene.look(facts);
  expect(between(found, a, b)).toMatchObject({ files: ['src/one.txt'] });
  expect(await readFile(witness, 'utf8').catch(() => '')).toBe('');
});

test('nothing of the person is touched: no object, ref, index byte or stash', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await writeFile(join(a, 'src/one.txt'), 'a\n');
  await writeFile(join(a, 'untracked.txt'), 'secret\n');
  await writeFile(join(b, 'src/one.txt'), 'b\n');
  const git = join(scene.main, '.git');
  const state = async () => {
    const files = (await readdir(git, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    return Promise.all(
      files.map(async (file) => {
        const { mtimeMs } = await stat(file);
        // Git freshens the time of an object that it was about to write and found there; its bytes stay.
        return `${file} ${file.includes('/objects/') ? '' : mtimeMs} ${createHash('sha256')
          .update(await readFile(file))
          .digest('hex')}`;
      }),
    );
  };
  const facts = await scene.facts();
  const before = await state();
  const found = await scene.look(facts);
  expect(between(found, a, b)).not.toBeNull();
  expect(await state()).toEqual(before);
});

test('looking again when nothing changed starts no process', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await scene.sandbox.commit(a, { 'src/one.txt': 'a\n' });
  await scene.sandbox.commit(b, { 'src/one.txt': 'b\n' });
  await scene.look();
  const before = scene.started();
  await poll(
    async () => (await scene.look()).size,
    (size) => size === 3,
  );
  // The base's tip is read anew; no merge, no commit is made again.
  expect(scene.started() - before).toBeLessThanOrEqual(1);
});

/** What git itself says about merging one commit into another, in a scratch clone's working tree. */
async function reallyConflicts(
  sandbox: Sandbox,
  repository: string,
  one: string,
  other: string,
): Promise<boolean> {
  const clone = join(
    sandbox.root,
    `clone-${createHash('sha256')
      .update(one + other)
      .digest('hex')
      .slice(0, 8)}`,
  );
  await sandbox.git(sandbox.root, 'clone', '-q', '--no-checkout', repository, clone);
  await sandbox.git(clone, 'checkout', '-q', '--detach', one);
  return sandbox.git(clone, 'merge', '-q', '--no-edit', '-m', 'm', other).then(
    () => false,
    () => true,
  );
}

const edit = fc.record({
  file: fc.constantFrom('src/one.txt', 'README.md', 'new.txt', 'dir/deep.txt'),
  kind: fc.constantFrom('line', 'append', 'delete', 'rename', 'replace'),
  line: fc.integer({ min: 0, max: 2 }),
  word: fc.constantFrom('x', 'y', 'z'),
});

async function apply(place: string, change: { file: string; kind: string; line: number; word: string }) {
  const path = join(place, change.file);
  await mkdir(join(path, '..'), { recursive: true });
  const text = await readFile(path, 'utf8').catch(() => null);
  if (change.kind === 'delete') return rm(path, { force: true });
  if (change.kind === 'rename' && text !== null) return rename(path, `${path}.${change.word}`);
  const lines = (text ?? 'one\ntwo\nthree\n').split('\n');
  if (change.kind === 'line') lines[change.line] = change.word;
  else if (change.kind === 'append') lines.push(change.word);
  else return writeFile(path, `${change.word}\n`);
  return writeFile(path, lines.join('\n'));
}

test('what is predicted for live work is what git then does, whatever was edited', async () => {
  const runs = process.env.ORCHARD_LONG === '1' ? 60 : 4;
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (forA, forB, stageA) => {
        const scene = await createScene();
        const { sandbox } = scene;
        const [a, b] = [join(sandbox.root, 'a'), join(sandbox.root, 'b')];
        for (const change of forA) await apply(a, change);
        for (const change of forB) await apply(b, change);
        if (stageA) await sandbox.git(a, 'add', '-A');
        const predicted = between(await scene.look(), a, b) !== null;
        for (const place of [a, b]) {
          await sandbox.git(place, 'add', '-A');
          await sandbox.git(place, 'commit', '-q', '--allow-empty', '-m', 'work');
        }
        expect(predicted).toBe(
          await reallyConflicts(sandbox, scene.main, 'origin/feature/a', 'origin/feature/b'),
        );
      },
    ),
    {
      numRuns: runs,
      ...(process.env.ORCHARD_SEED === undefined ? {} : { seed: Number(process.env.ORCHARD_SEED) }),
    },
  );
});

test('what is decided is not looked at again: asking for it once more costs no process', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await scene.sandbox.commit(a, { 'src/one.txt': 'A\ntwo\nthree\n' });
  await scene.sandbox.commit(b, { 'src/one.txt': 'B\ntwo\nthree\n' });
  const facts = await scene.facts();
  expect(between(await scene.look(facts), a, b)).not.toBeNull();
  const before = scene.started();
  expect(between(await scene.look(facts), a, b)).not.toBeNull();
  expect(scene.started()).toBe(before);
});

test('an edit after quiet is looked at almost at once, the next ones when they pause', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await scene.sandbox.commit(a, { 'src/one.txt': 'A\ntwo\nthree\n' });
  await scene.look();
  scene.clock.advance(2_000);
  await writeFile(join(b, 'src/one.txt'), 'B\ntwo\nthree\n');
  const edited = await scene.facts();
  scene.observe(edited);
  scene.clock.advance(10);
  await poll(() => between(scene.found(), a, b)?.regions.length === 1);
  const before = scene.started();
  scene.observe(await scene.facts());
  scene.clock.advance(100);
  expect(scene.started()).toBe(before);
  scene.clock.advance(50);
  await poll(() => scene.started() > before);
  await scene.look();
});

test('an edit as young as the index, of the same size, is no less an edit', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  // Without it git would tell by the change time, which nobody can set.
  await scene.sandbox.git(scene.main, 'config', 'core.trustctime', 'false');
  await scene.sandbox.commit(a, { 'src/one.txt': 'A\ntwo\nthree\n' });
  const file = join(b, 'src/one.txt');
  const then = new Date(Date.now() - 60_000);
  await utimes(file, then, then);
  await scene.sandbox.git(b, 'update-index', '--refresh');
  await utimes(join(scene.main, '.git/worktrees/b/index'), then, then);
  await writeFile(file, 'BNE\ntwo\nthree\n');
  await utimes(file, then, then);
  expect(await scene.sandbox.git(b, '--no-optional-locks', 'status', '--porcelain')).toBe(' M src/one.txt');
  expect(between(await scene.look(), a, b)?.files).toEqual(['src/one.txt']);
});

test('a repository whose path has the separator of path lists in it is looked at like any other', async (context) => {
  if (process.platform === 'win32') context.skip('no such name is possible on Windows');
  const scene = await createScene({ repository: 'odd: "name"' });
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await writeFile(join(a, 'src/one.txt'), 'one\nTWO of a\nthree\n');
  await writeFile(join(b, 'src/one.txt'), 'one\nTWO of b\nthree\n');
  expect(between(await scene.look(), a, b)).toMatchObject({
    files: ['src/one.txt'],
    regions: [{ ours: { lines: { from: 2, to: 2 } } }],
  });
});
