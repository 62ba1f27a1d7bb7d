/** Which branches collide: everything at once, one branch moved, nothing moved, one file edited. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RepositoryFacts } from '../../../src-main/domain/facts';
import { createCollisionObserver } from '../../../src-main/git/collisions/collision-observer';
import { fileAt, makeFixture, makeRepository, overlapping } from '../fixtures';
import { concurrency, git, timeOfPool, versionCalls } from '../processes';
import { benchLog, createRunner, createWatcher, realClock } from '../product';
import { limitRow, median, ratioRow } from '../row';
import type { Bench, Scenario } from '../scenario';

const run = promisify(execFile);

export const measureMatrix: Scenario = async (bench) => {
  const { branches, m } = bench.sizes;
  const { worktrees } = await makeFixture(bench.fixtures, `matrix-${branches}x${m.files}`, (at) =>
    makeRepository(at, {
      worktrees: branches + 1,
      files: Math.max(m.files, 700),
      packages: 0,
      touches: overlapping,
    }),
  );
  const main = worktrees[0] ?? '';
  const names = ['main', ...Array.from({ length: branches }, (_, n) => `task-${n + 1}`)];
  const pairs = names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const));
  const perPair = pairs.map((pair) => ({ cwd: main, args: ['merge-tree', '--write-tree', ...pair] }));
  const { rounds } = bench.sizes;

  const cold: number[] = [];
  const naive: number[] = [];
  let scene = await open(bench, main);
  for (let round = -1; round < rounds.m; round++) {
    const single = await timeOfPool(perPair, concurrency);
    await scene.close();
    scene = await open(bench, main);
    if (round < 0) continue;
    naive.push(single);
    cold.push(scene.coldMs);
  }
  bench.row(
    ratioRow(`Collisions: ${pairs.length} pairs, cold, against a process per pair`, cold, naive, {
      atMost: 0.65,
    }),
  );

  const moved: number[] = [];
  const edited: number[] = [];
  const version: number[] = [];
  let unchanged = 0;
  for (let round = 0; round < rounds.m; round++) {
    const tree = worktrees[1 + (round % 2)] ?? '';
    version.push(median(await versions(main)));
    const content = await readFile(join(tree, fileAt(10)), 'utf8');
    await writeFile(join(tree, fileAt(10)), `${content}// moved ${round} ${Date.now()}\n`);
    await git(tree, 'commit', '-q', '-a', '-m', `moved ${round}`);
    moved.push(await scene.look());
    const before = scene.processes();
    await scene.look();
    unchanged += scene.processes() - before;
    const other = join(tree, fileAt(round % 2 === 0 ? 11 : 200));
    const text = await readFile(other, 'utf8');
    await writeFile(other, `${text}// live ${round}\n`);
    edited.push(await scene.look());
    await git(tree, 'checkout', '-q', '--', '.');
    await scene.look();
  }
  bench.row(
    ratioRow('Collisions: one branch moved → verdicts, against `git --version`', moved, version, {
      atMost: 12,
    }),
  );
  bench.row(
    limitRow(
      'Collisions: nothing moved',
      `${unchanged} processes in ${rounds.m} looks`,
      '0 processes',
      unchanged === 0,
    ),
  );
  bench.row(
    ratioRow('Collisions: a live edit → verdicts, against `git --version`', edited, version, { atMost: 25 }),
  );

  const told = await scene.told();
  let equal = 0;
  let colliding = 0;
  for (const [a, b] of pairs) {
    const truth = await conflictsOf(main, a, b);
    if (truth.length > 0) colliding++;
    // `main` is the base of all, so it stands on the other's row.
    const found = told.get(`${a} ${b}`) ?? told.get(`${b} ${a}`) ?? [];
    if (JSON.stringify([...found].sort()) === JSON.stringify([...truth].sort())) equal++;
  }
  await scene.close();
  bench.row(
    limitRow(
      'Collisions: verdicts equal to `git merge-tree` asked pair by pair',
      `${equal} of ${pairs.length}; ${colliding} collide`,
      'all',
      equal === pairs.length,
    ),
  );
};

async function versions(cwd: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (let n = 0; n < 5; n++) found.push(await timeOfPool(versionCalls(cwd, 1), 1));
  return found;
}

async function conflictsOf(cwd: string, a: string, b: string): Promise<readonly string[]> {
  const answer = await run('git', ['merge-tree', '--write-tree', '--name-only', '--no-messages', a, b], {
    cwd,
  }).then(
    () => [],
    (error: { readonly code: number; readonly stdout: string }) => {
      if (error.code !== 1) throw error;
      return error.stdout.trimEnd().split('\n').slice(1);
    },
  );
  return answer;
}

/** An observer of collisions that knows nothing yet, asked with facts as the git observer tells them. */
async function open(bench: Bench, main: string) {
  const watcher = await createWatcher({ ...bench, kind: 'in-process', watch: false });
  await watcher.open([main]);
  const { runner, calls } = await createRunner(bench.machine, bench.scratch, 'helper');
  await runner.run({ cwd: main, args: ['--version'] });
  const collisions = createCollisionObserver({
    git: runner,
    gitVersion: bench.machine.gitVersion,
    directory: join(bench.scratch, 'collisions'),
    clock: realClock,
    log: benchLog,
    platform: bench.platform,
    guess: true,
  });
  const found = new Map<string, readonly string[]>();
  collisions.onCollisions((_id, byWorktree) => {
    found.clear();
    const branchOf = new Map(facts().worktrees.map(({ id, branch }) => [id, branch]));
    for (const [id, list] of byWorktree)
      for (const one of list)
        found.set(`${branchOf.get(id)} ${one.with === 'base' ? 'main' : branchOf.get(one.with)}`, one.files);
  });
  const facts = (): RepositoryFacts => {
    const [first] = watcher.facts.values();
    if (first === undefined) throw new Error('no facts');
    return first;
  };
  const observe = async (): Promise<number> => {
    const begun = performance.now();
    collisions.observe(facts());
    await collisions.settled();
    const tookMs = performance.now() - begun;
    // What follows the verdicts is not to be counted with the next ones.
    await collisions.explained();
    return tookMs;
  };
  const coldMs = await observe();
  return {
    coldMs,
    /** Reads the facts anew (which counts for nobody), and times the way from them to the verdicts. */
    async look(): Promise<number> {
      await watcher.observer.refresh(null);
      return observe();
    },
    processes: () => calls.length,
    told: async () => found as ReadonlyMap<string, readonly string[]>,
    async close() {
      await collisions.dispose();
      await watcher.dispose();
      await runner.dispose();
    },
  };
}
