/**
 * The map that events keep up to date must be what a full status says, after anything a person does.
 */
import { appendFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullStatus } from '../../support/full-status';
import { createObserving } from '../../support/observing';
import { createSandbox, type Sandbox } from '../../support/repositories';

const paths = [
  'README.md',
  'src/one.txt',
  'src/deep/two.txt',
  'src/deep/er/three.txt',
  'nd/a.txt',
  'nd/sub/b.txt',
  'nd/sub/c.log',
  'build/out.js',
  'src/build/out.js',
  'x y/ü.txt',
];
const path = fc.constantFrom(...paths);
const directory = fc.constantFrom('src', 'src/deep', 'nd', 'nd/sub', 'build', 'src/build', 'x y');

type Step =
  | { readonly kind: 'write' | 'append' | 'remove'; readonly path: string }
  | { readonly kind: 'move'; readonly from: string; readonly to: string }
  | { readonly kind: 'make' | 'clear'; readonly path: string }
  | { readonly kind: 'git'; readonly args: readonly string[] }
  | { readonly kind: 'ignore'; readonly lines: string };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom<'write' | 'append' | 'remove'>('write', 'append', 'remove'),
      path,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), from: directory, to: directory }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom<'make' | 'clear'>('make', 'clear'), path: directory }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('git' as const),
      args: fc.constantFrom<readonly string[]>(
        ['add', '-A'],
        ['add', 'src'],
        ['add', '-N', 'nd/a.txt'],
        ['commit', '-q', '-m', 'more'],
        ['commit', '-q', '-a', '-m', 'all'],
        ['rm', '-r', '-q', '--cached', 'src/deep'],
        ['rm', '-r', '-q', '--cached', 'nd'],
        ['checkout', '-q', '-f', 'main~0'],
        ['checkout', '-q', 'work'],
        ['reset', '-q', '--hard'],
        ['reset', '-q', '--soft', 'HEAD~1'],
        ['clean', '-fdq'],
        ['stash', '-q'],
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('ignore' as const),
      lines: fc.constantFrom('build/\n*.log\n', '*.log\n', '', 'nd/\n'),
    }),
  },
);

async function act(sandbox: Sandbox, root: string, one: Step): Promise<void> {
  // What can't be done in this state is not done; the state is what counts.
  const tolerant = (work: Promise<unknown>) => work.catch(() => undefined);
  if (one.kind === 'write') await tolerant(sandbox.write(join(root, one.path), `${Math.random()}`));
  else if (one.kind === 'append') {
    await tolerant(mkdir(dirname(join(root, one.path)), { recursive: true }));
    await tolerant(appendFile(join(root, one.path), 'more\n'));
  } else if (one.kind === 'remove') await tolerant(rm(join(root, one.path)));
  else if (one.kind === 'move') {
    await tolerant(mkdir(dirname(join(root, one.to)), { recursive: true }));
    await tolerant(rename(join(root, one.from), join(root, one.to)));
  } else if (one.kind === 'make') await tolerant(mkdir(join(root, one.path), { recursive: true }));
  else if (one.kind === 'clear') await tolerant(rm(join(root, one.path), { recursive: true }));
  else if (one.kind === 'ignore') await tolerant(writeFile(join(root, '.gitignore'), one.lines));
  else if (one.kind === 'git') await tolerant(sandbox.git(root, ...one.args));
}

const long = process.env.ORCHARD_LONG !== undefined;

test(
  'after any sequence of edits the counts are those of a full status',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ step, pause: fc.boolean() }), { minLength: 4, maxLength: long ? 30 : 14 }),
        async (steps) => {
          const sandbox = await createSandbox();
          const main = await sandbox.repository();
          const root = await sandbox.worktree(main, join(sandbox.root, 'work'), 'work');
          await sandbox.commit(root, { 'src/deep/two.txt': '2', 'src/deep/er/three.txt': '3' }, 'deep');
          const observing = await createObserving(sandbox);
          await observing.open(main);
          await observing.watched();
          for (const { step: one, pause } of steps) {
            await act(sandbox, root, one);
            if (pause) await observing.quiet();
          }
          await observing.quiet();
          expect(observing.at(root).changes).toEqual(await fullStatus(sandbox, root));
          const head = await sandbox.git(root, 'rev-parse', 'HEAD');
          expect(observing.at(root).head).toBe(head);
          await observing.observer.dispose();
          expect(observing.log.lines.filter((line) => line.level === 'bug')).toEqual([]);
          await stat(root);
        },
      ),
      {
        numRuns: long ? 60 : 6,
        ...(process.env.ORCHARD_SEED !== undefined && { seed: Number(process.env.ORCHARD_SEED) }),
        endOnFailure: !long,
      },
    );
  },
  long ? 3_600_000 : 120_000,
);
