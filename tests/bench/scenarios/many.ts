/** What one event costs with many worktrees, against a repository with a single one. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileAt, type MadeRepository, makeFixture, makeRepository } from '../fixtures';
import { createWatcher } from '../product';
import { limitRow, median, ms, pairedRatio, times } from '../row';
import type { Scenario } from '../scenario';

const FILES = 200;

export const measureMany: Scenario = async (bench) => {
  const { many, rounds } = bench.sizes;
  const make = (worktrees: number) =>
    makeFixture(bench.fixtures, `many-${worktrees}x${FILES}`, (at) =>
      makeRepository(at, { worktrees, files: FILES, packages: 0 }),
    );
  const sides = [await make(many), await make(1)].map(async (made, at) => {
    const watcher = await createWatcher({
      ...bench,
      scratch: join(bench.scratch, `${at}`),
      kind: 'helper',
      watch: true,
    });
    await watcher.open([made.worktrees[0] ?? '']);
    await watcher.watching();
    return { made, watcher, took: [] as number[], processes: [] as number[] };
  });
  const [with50, with1] = await Promise.all(sides);
  if (with50 === undefined || with1 === undefined) return;
  for (let round = 0; round < rounds.m; round++)
    for (const side of [with50, with1]) {
      const worktree = worktreeOf(side.made, round);
      const file = join(worktree, fileAt(20 + round));
      const content = `${await readFile(file, 'utf8')}// round ${round}\n`;
      await side.watcher.quiet();
      const before = side.watcher.calls.length;
      const seen = side.watcher.row(worktree).lastActivityAt ?? 0;
      const told = side.watcher.until((facts) =>
        facts.worktrees.some((row) => row.path === worktree && (row.lastActivityAt ?? 0) > seen),
      );
      const begun = performance.now();
      await writeFile(file, content);
      side.took.push((await told) - begun);
      await side.watcher.quiet();
      side.processes.push(side.watcher.calls.length - before);
    }
  await with50.watcher.dispose();
  await with1.watcher.dispose();
  const ratio = pairedRatio(with50.took, with1.took);
  const processes = [median(with50.processes), median(with1.processes)] as const;
  bench.row(
    limitRow(
      `An event with ${many} worktrees against 1`,
      `${times(ratio)} (${ms(median(with50.took))} : ${ms(median(with1.took))}), processes ${processes[0]} : ${processes[1]}`,
      '≤ 1.2 ×, as many processes',
      ratio <= 1.2 && processes[0] === processes[1],
    ),
  );
};

const worktreeOf = ({ worktrees }: MadeRepository, round: number) =>
  worktrees[round % worktrees.length] ?? '';
