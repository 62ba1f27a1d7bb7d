/** Own reads: nothing is written, nobody is woken, and a person who commits alongside meets no lock. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../src-main/engine/ports';
import { systemWatch, type WatchFunction } from '../../../src-main/git/observe/watch/directory-watches';
import { makeFixture, makeRepository } from '../fixtures';
import { git } from '../processes';
import { createWatcher, realClock } from '../product';
import { limitRow } from '../row';
import type { Scenario } from '../scenario';

const LOOKS = 20;
/** Sweep and patrol look on their own now and then; here only what looks cause is counted. */
const withoutPatrol: Clock = {
  ...realClock,
  schedule: (delayMs, run) => (delayMs < 5_000 ? realClock.schedule(delayMs, run) : () => undefined),
};

export const measureHarmless: Scenario = async (bench) => {
  const { worktrees } = await makeFixture(bench.fixtures, 'harmless', (at) =>
    makeRepository(at, { worktrees: 4, files: 500, packages: 0 }),
  );
  const [main = '', side = ''] = worktrees;
  let locks = 0;
  const watchFunction: WatchFunction = (path, options, listener) =>
    systemWatch(path, options, (event, name) => {
      if (name?.endsWith('.lock')) locks++;
      listener(event, name);
    });
  const watcher = await createWatcher({
    ...bench,
    kind: 'helper',
    watch: true,
    deps: { watchFunction, clock: withoutPatrol },
  });
  await watcher.open([main]);
  await watcher.watching();

  const photograph = async () => {
    const objects = await readdir(join(main, '.git/objects'), { recursive: true });
    const indexes = await Promise.all(
      worktrees.map(async (_, n) => {
        const index = join(main, n === 0 ? '.git/index' : `.git/worktrees/tree${n}/index`);
        const { mtimeNs } = await stat(index, { bigint: true });
        return `${mtimeNs} ${createHash('sha256')
          .update(await readFile(index))
          .digest('hex')}`;
      }),
    );
    return { objects: objects.length, indexes: indexes.join('\n') };
  };
  const before = await photograph();
  const refreshes = () => watcher.observer.performance().refreshes;
  const refreshesBefore = refreshes();
  for (let n = 0; n < LOOKS; n++) await watcher.observer.refresh(null);
  await watcher.quiet(1_500);
  // Each look is one of the repository and one of each worktree.
  const caused = refreshes() - refreshesBefore - LOOKS * (worktrees.length + 1);
  const after = await photograph();
  const created = after.objects - before.objects;
  const same = before.indexes === after.indexes;
  bench.row(
    limitRow(
      `Own reads: ${LOOKS} looks at everything`,
      `${Math.max(0, caused)} refreshes caused by ourselves, ${locks} lock files, ${created} new objects, indexes ${same ? 'identical' : 'changed'}`,
      '0, 0, 0, identical',
      caused <= 0 && locks === 0 && created === 0 && same,
    ),
  );

  const { personCommits } = bench.sizes;
  let errors = 0;
  for (let n = 0; n < personCommits; n++) {
    await writeFile(join(side, 'person.txt'), `${Date.now()} ${n}\n`);
    await git(side, 'add', '-A')
      .then(() => git(side, 'commit', '-q', '-m', `person ${n}`))
      .catch(() => errors++);
  }
  // While a storm lasts the looks are further apart: the truth may take two seconds more.
  const isShown = () => watcher.row(side).lastCommit?.subject === `person ${personCommits - 1}`;
  for (const since = performance.now(); !isShown() && performance.now() - since < 5_000; )
    await new Promise((resolve) => setTimeout(resolve, 20));
  const shown = isShown();
  await watcher.quiet();
  bench.row(
    limitRow(
      `Own reads: ${personCommits} commits by a person alongside`,
      `${errors} lock errors${shown ? '' : ', and the last commit is not shown'}`,
      '0',
      errors === 0 && shown,
    ),
  );
  await watcher.dispose();
};
