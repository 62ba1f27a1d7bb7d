/** Cleaning up worktrees full of packages, against git's own removal of worktrees just like them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorktreeId } from '../../../src-main/contract/ids';
import { makeRepository } from '../fixtures';
import { git } from '../processes';
import { limitRow, median, ms, pairedRatio, times } from '../row';
import type { Scenario } from '../scenario';
import { composeWhole } from '../whole-product';

const ROUNDS = 5;
const FILES_IN_A_PACKAGE = 50;
const PAUSE_MS = 3_000;

export const measureCleanup: Scenario = async (bench) => {
  const { removedFiles } = bench.sizes;
  const { worktrees } = await makeRepository(join(bench.scratch, 'repository'), {
    worktrees: 1,
    files: 200,
    packages: 0,
  });
  const [main = ''] = worktrees;
  const full = async (name: string): Promise<string> => {
    const path = join(bench.scratch, name);
    await git(main, 'worktree', 'add', '-q', '-b', name, path);
    for (let n = 0; n < removedFiles; n += FILES_IN_A_PACKAGE) {
      const directory = join(path, `node_modules/package${n}`);
      await mkdir(directory, { recursive: true });
      const files = Array.from({ length: Math.min(FILES_IN_A_PACKAGE, removedFiles - n) }, (_, at) => at);
      await Promise.all(files.map((at) => writeFile(join(directory, `${at}.js`), `${n} ${at}`)));
    }
    return path;
  };
  const rounds: { readonly ours: string; readonly theirs: string }[] = [];
  for (let n = 0; n < ROUNDS; n++)
    rounds.push({ ours: await full(`ours-${n}`), theirs: await full(`theirs-${n}`) });
  const orchard = await composeWhole(bench, { repositories: [main], notifier: null });
  const ours: number[] = [];
  const planned: number[] = [];
  const theirs: number[] = [];
  try {
    await orchard.start();
    await orchard.settled();
    const idOf = (path: string): WorktreeId => {
      for (const repository of orchard.snapshot().repositories)
        for (const worktree of repository.worktrees) if (worktree.path === path) return worktree.id;
      throw new Error(`${path} is not in the snapshot`);
    };
    for (const round of rounds) {
      // Nobody reads a plan in the moment in which the last worktree is being freed.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const asked = performance.now();
      const plan = await orchard.handlers['worktree.planCleanup']({
        worktreeId: idOf(round.ours),
        abandon: null,
        keepBranch: false,
        deleteRemote: false,
      });
      if (!plan.ok) throw new Error(JSON.stringify(plan.error));
      planned.push(performance.now() - asked);
      const begun = performance.now();
      const done = await orchard.handlers['worktree.cleanup']({ token: plan.value.token, approve: false });
      if (!done.ok) throw new Error(JSON.stringify(done.error));
      ours.push(performance.now() - begun);
      const then = performance.now();
      await git(main, 'worktree', 'remove', '--force', '--', round.theirs);
      await git(main, 'branch', '-q', '-D', '--', `theirs-${theirs.length}`);
      theirs.push(performance.now() - then);
    }
  } finally {
    await orchard.dispose();
  }
  bench.row(
    limitRow(
      `Cleanup of a worktree with ${removedFiles} ignored files, against \`git worktree remove --force\` and \`git branch -D\``,
      `${times(pairedRatio(ours, theirs))} (${ms(median(ours))} : ${ms(median(theirs))}; slowest ${ms(Math.max(...ours))}), after its plan in ${ms(median(planned))}`,
      '< 500 ms',
      Math.max(...ours) < 500,
    ),
  );
};
