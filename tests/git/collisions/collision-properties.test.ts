/**
 * Whatever lies uncommitted in two worktrees, the verdict about them is what git does with them: the same
 * content is committed afterwards, and really merged, in the worktree itself.
 */
import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Collision } from '../../../src-main/contract/snapshot';
import { between, createScene } from '../../support/collision-scene';
import type { Sandbox } from '../../support/repositories';

const long = process.env.ORCHARD_LONG !== undefined;

/** Few names, so that two worktrees meet at them. */
const file = fc.constantFrom('a.txt', 'dir/c.txt', 'dir/deep/d.txt', 'x y/ü.txt');
const place = fc.constantFrom('moved.txt', 'new/place.txt', 'dir/deep', 'n1');
const directory = fc.constantFrom('dir', 'dir/deep', 'x y');
/** How far a change has come on its way into a commit. */
const how = fc.constantFrom(
  'unstaged',
  'unstaged',
  'unstaged',
  'staged',
  'staged, then changed again',
  'committed',
);

type Edit =
  | { readonly do: 'line'; readonly file: string; readonly at: number; readonly text: string }
  | { readonly do: 'append'; readonly file: string; readonly text: string }
  | { readonly do: 'delete' | 'executable' | 'forget' | 'file for link'; readonly file: string }
  | { readonly do: 'move'; readonly file: string; readonly to: string }
  | { readonly do: 'move directory'; readonly directory: string; readonly to: string }
  | { readonly do: 'new'; readonly file: string; readonly text: string }
  | { readonly do: 'intent'; readonly file: string; readonly text: string }
  | { readonly do: 'ignored'; readonly text: string }
  | { readonly do: 'binary'; readonly byte: number }
  | { readonly do: 'link'; readonly to: string }
  | { readonly do: 'directory for file' | 'file for directory' | 'not executable' }
  | { readonly do: 'submodule'; readonly commit: number };
const text = fc.constantFrom('one', 'two', 'three');
const newFile = fc.constantFrom('n1', 'dir/n2', 'N1');
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('line' as const),
      file,
      at: fc.integer({ min: 0, max: 7 }),
      text,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append' as const), file, text }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom<'delete' | 'executable' | 'forget' | 'file for link'>(
        'delete',
        'executable',
        'forget',
        'file for link',
      ),
      file,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), file, to: place }) },
  fc.record({
    do: fc.constant('move directory' as const),
    directory,
    to: fc.constantFrom('lib', 'dir2', 'dir/deeper'),
  }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('new' as const), file: newFile, text }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('intent' as const), file: newFile, text }) },
  fc.record({ do: fc.constant('ignored' as const), text }),
  fc.record({ do: fc.constant('binary' as const), byte: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('link' as const), to: fc.constantFrom('b.txt', 'dir', 'nowhere') }),
  fc.record({
    do: fc.constantFrom<'directory for file' | 'file for directory' | 'not executable'>(
      'directory for file',
      'file for directory',
      'not executable',
    ),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('submodule' as const), commit: fc.integer({ min: 1, max: 3 }) }),
  },
);
const change = fc.record({ edit, how });
type Change = { readonly edit: Edit; readonly how: string };

async function apply(sandbox: Sandbox, root: string, one: Edit): Promise<void> {
  const at = (name: string) => join(root, name);
  const write = async (name: string, content: string | Buffer) => {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), content);
  };
  switch (one.do) {
    case 'line': {
      const lines = (await readFile(at(one.file), 'utf8')).split('\n');
      lines[one.at] = one.text;
      return write(one.file, lines.join('\n'));
    }
    case 'append':
      return appendFile(at(one.file), `${one.text}\n`);
    case 'delete':
      return rm(at(one.file));
    case 'executable':
      return chmod(at(one.file), 0o755);
    case 'not executable':
      return chmod(at('run.sh'), 0o644);
    case 'forget':
      // No longer tracked, and still there: it is live content all the same.
      await sandbox.git(root, 'rm', '-q', '--cached', '--', one.file);
      return;
    case 'file for link':
      await rm(at(one.file));
      return symlink('b.txt', at(one.file));
    case 'move':
      await mkdir(dirname(at(one.to)), { recursive: true });
      return rename(at(one.file), at(one.to));
    case 'move directory':
      return rename(at(one.directory), at(one.to));
    case 'new':
      return write(one.file, `${one.text}\n`);
    case 'intent':
      await write(one.file, `${one.text}\n`);
      await sandbox.git(root, 'add', '-N', '--', one.file);
      return;
    case 'ignored':
      return write('build/out.log', `${one.text}\n`);
    case 'binary':
      return write('bin.dat', Buffer.from([0, one.byte, 255, 0, one.byte]));
    case 'link':
      await rm(at('link'));
      return symlink(one.to, at('link'));
    case 'directory for file':
      await rm(at('a.txt'));
      return write('a.txt/inside.txt', 'inside\n');
    case 'file for directory':
      await rm(at('dir/deep'), { recursive: true });
      return write('dir/deep', 'a file now\n');
    case 'submodule':
      await sandbox.git(at('sub'), 'checkout', '-q', `v${one.commit}`);
  }
}

async function make(sandbox: Sandbox, root: string, changes: readonly Change[]): Promise<void> {
  for (const [n, { edit: one, how: far }] of changes.entries()) {
    // What can't be done after what was done before is not done; what is there is what counts.
    await apply(sandbox, root, one).catch(() => undefined);
    if (far === 'unstaged') continue;
    await sandbox.git(root, 'add', '-A');
    if (far === 'committed') await sandbox.git(root, 'commit', '-q', '--allow-empty', '-m', `change ${n}`);
    if (far === 'staged, then changed again')
      await appendFile(join(root, 'b.txt'), `again ${n}\n`).catch(() => undefined);
  }
}

const base = ['1', '2', '3', '4', '5', '6', '7', '8', ''];

/** Three worktrees of a repository with a bit of everything; a submodule is checked out in each of them. */
async function prepare(withSubmodule: boolean) {
  const scene = await createScene();
  const { sandbox, main } = scene;
  const roots = [join(sandbox.root, 'a'), join(sandbox.root, 'b')] as const;
  for (const name of ['a.txt', 'b.txt', 'dir/c.txt', 'dir/deep/d.txt', 'x y/ü.txt', 'run.sh'])
    await sandbox.write(join(main, name), base.map((line) => `${name} ${line}`).join('\n'));
  await sandbox.write(join(main, '.gitignore'), 'build/\n');
  // Both sides' lines, neither's, and as it comes.
  await sandbox.write(join(main, '.gitattributes'), 'a.txt merge=union\n');
  await sandbox.write(join(main, 'dir/.gitattributes'), 'c.txt -merge\n');
  await sandbox.write(join(main, 'bin.dat'), Buffer.from([0, 1, 2, 3]));
  await chmod(join(main, 'run.sh'), 0o755);
  await symlink('a.txt', join(main, 'link'));
  if (withSubmodule) {
    const library = await sandbox.repository('library');
    await sandbox.git(library, 'tag', 'v0');
    for (const n of [1, 2]) {
      await sandbox.commit(library, { 'lib.txt': `${n}\n` });
      await sandbox.git(library, 'tag', `v${n}`);
    }
    await sandbox.git(library, 'checkout', '-q', '--detach', 'v0');
    await sandbox.commit(library, { 'lib.txt': 'apart\n' });
    await sandbox.git(library, 'tag', 'v3');
    await sandbox.git(library, 'checkout', '-q', 'v0');
    await sandbox.git(main, 'submodule', '--quiet', 'add', library, 'sub');
  }
  await sandbox.git(main, 'add', '-A');
  await sandbox.git(main, 'commit', '-q', '-m', 'a bit of everything');
  for (const root of roots) {
    await sandbox.git(root, 'reset', '-q', '--hard', 'main');
    if (withSubmodule) await sandbox.git(root, 'submodule', '--quiet', 'update', '--init');
  }
  return { ...scene, roots };
}

/** The paths that conflict, none when it is clean; 'died' when git itself fails on what it began. */
type Outcome = readonly string[] | 'died';

/** What a person gets who merges `other` in `root`. */
async function reallyMerge(sandbox: Sandbox, root: string, other: string): Promise<Outcome> {
  const before = await sandbox.git(root, 'rev-parse', 'HEAD');
  const ended = await sandbox.git(root, 'merge', '-q', '--no-edit', '-m', 'merged', other).then(
    () => 0,
    (error: { readonly code: number }) => error.code,
  );
  const unmerged = await sandbox.git(root, 'ls-files', '-u', '-z');
  await sandbox.git(root, 'reset', '-q', '--hard', before);
  await sandbox.git(root, 'clean', '-ffdq');
  // git 2.39 can't write the index of some directories against files ("cache entry has null sha1").
  if (ended > 1) return 'died';
  // Where two want one name, git calls one of them `name~<branch>`.
  const paths = unmerged
    .split('\0')
    .flatMap((line) => (line === '' ? [] : [line.slice(line.indexOf('\t') + 1)]))
    .map((path) => path.replace(/~(HEAD|main|feature_[ab])(_\d+)?$/, ''));
  expect(paths.length > 0, 'it ends with 1 when something conflicts').toBe(ended === 1);
  return [...new Set(paths)].sort();
}

const filesOf = (collision: Collision | null) => [...(collision?.files ?? [])].sort();

test(
  'the verdict about live content is what a real merge of the same content gives',
  async () => {
    const seen = { clean: 0, conflicts: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          a: fc.array(change, { minLength: 2, maxLength: long ? 7 : 5 }),
          b: fc.array(change, { minLength: 2, maxLength: long ? 7 : 5 }),
          onMain: fc.array(edit, { maxLength: 3 }),
          withSubmodule: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
        }),
        async ({ a, b, onMain, withSubmodule }) => {
          const scene = await prepare(withSubmodule);
          const { sandbox, main, roots } = scene;
          const [inA, inB] = roots;
          await make(
            sandbox,
            main,
            onMain.map((one) => ({ edit: one, how: 'committed' })),
          );
          await make(sandbox, inA, a);
          await make(sandbox, inB, b);

          const found = await scene.look();
          const pairs = [
            { what: 'a and b', predicted: between(found, inA, inB), root: inA, other: 'feature/b' },
            { what: 'a and its base', predicted: between(found, inA, 'base'), root: inA, other: 'main' },
            { what: 'b and its base', predicted: between(found, inB, 'base'), root: inB, other: 'main' },
          ];
          for (const root of roots) {
            await sandbox.git(root, 'add', '-A');
            await sandbox.git(root, 'commit', '-q', '--allow-empty', '-m', 'what was live');
          }
          for (const { what, predicted, root, other } of pairs) {
            const real = await reallyMerge(sandbox, root, other);
            if (real.length === 0) seen.clean++;
            else seen.conflicts++;
            if (real === 'died') expect(filesOf(predicted), what).not.toEqual([]);
            else expect(filesOf(predicted), what).toEqual(real);
            expect(predicted?.certainty ?? 'decided').toBe('decided');
          }
        },
      ),
      {
        numRuns: long ? 300 : 12,
        ...(process.env.ORCHARD_SEED !== undefined && { seed: Number(process.env.ORCHARD_SEED) }),
        ...(long && { interruptAfterTimeLimit: 50 * 60_000, markInterruptAsFailure: false }),
      },
    );
    // A property about merges that never conflict, or always do, would prove little.
    if (long) expect(Math.min(seen.clean, seen.conflicts), JSON.stringify(seen)).toBeGreaterThan(100);
  },
  long ? 3_600_000 : 180_000,
);

test('how to merge is said by the attributes where a merge would happen, and no merge driver is run', async () => {
  const scene = await createScene();
  const { sandbox, main } = scene;
  const [a, b] = [join(sandbox.root, 'a'), join(sandbox.root, 'b')];
  const witness = join(sandbox.root, 'ran');
  await sandbox.git(main, 'config', 'merge.spy.driver', `echo ran >> '${witness}'; cat %B > %A`);
  await sandbox.commit(main, {
    '.gitattributes': 'union.txt merge=union\nwhole.txt -merge\nspied.txt merge=spy\napart.txt merge=spy\n',
    'union.txt': base.join('\n'),
    'whole.txt': base.join('\n'),
    'spied.txt': base.join('\n'),
    'apart.txt': base.join('\n'),
  });
  for (const [root, at] of [
    [a, 0],
    [b, 7],
  ] as const) {
    await sandbox.git(root, 'reset', '-q', '--hard', 'main');
    const edited = (line: number) => base.map((text, n) => (n === line ? root : text)).join('\n');
    await sandbox.write(join(root, 'union.txt'), edited(3));
    // As texts they would merge: far apart.
    await sandbox.write(join(root, 'whole.txt'), edited(at));
    await sandbox.write(join(root, 'apart.txt'), edited(at));
    await sandbox.write(join(root, 'spied.txt'), edited(3));
  }
  expect(filesOf(between(await scene.look(), a, b))).toEqual(['spied.txt', 'whole.txt']);
  await expect(readFile(witness)).rejects.toThrow('ENOENT');
  // Other attributes in the place of the merge, and the same commits are decided anew.
  await sandbox.write(join(main, '.gitattributes'), '');
  expect(filesOf(between(await scene.look(), a, b))).toEqual(['spied.txt', 'union.txt']);
  expect(await sandbox.git(main, 'status', '--porcelain')).toBe(' M .gitattributes');
});

test('a submodule that one side only took further than the other is no collision', async () => {
  const { look, sandbox, roots } = await prepare(true);
  const [a, b] = roots;
  const goTo = async (root: string, version: string) => {
    await sandbox.git(join(root, 'sub'), 'checkout', '-q', version);
    return root;
  };
  await goTo(a, 'v1');
  await goTo(b, 'v2');
  expect(between(await look(), a, b)).toBeNull();
  await goTo(b, 'v3');
  expect(between(await look(), a, b)).toMatchObject({ files: ['sub'], kinds: ['submodule'] });
});
