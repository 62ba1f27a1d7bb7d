/** Eight hours of a manual clock with an event every quarter of a second: memory must stay where it is. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import type { WatchFunction } from '../../../src-main/git/observe/watch/directory-watches';
import type { GitAnswer, GitCall, GitRunner } from '../../../src-main/git/run/git-runner';
import { createManualClock } from '../../support/manual-clock';
import { makeFixture, makeRepository } from '../fixtures';
import { createWatcher } from '../product';
import { limitRow, notMeasured } from '../row';
import type { Scenario } from '../scenario';

const HOURS = 8;
const FLAT_MB = 2;

export const measureMemory: Scenario = async (bench) => {
  const what = `Memory over ${HOURS} simulated hours, ${bench.sizes.events} events`;
  if (globalThis.gc === undefined) {
    bench.row(notMeasured(what, 'needs --expose-gc', 'flat'));
    return;
  }
  const { worktrees } = await makeFixture(bench.fixtures, 'memory', (at) =>
    makeRepository(at, { worktrees: 4, files: 200, packages: 0 }),
  );
  const [main = '', side = ''] = worktrees;
  const clock = createManualClock(Date.now());
  const listeners = new Map<string, (event: 'rename' | 'change', name: string | null) => void>();
  const watchFunction: WatchFunction = (path, _options, listener) => {
    listeners.set(path, listener);
    const watcher = { close: () => void listeners.delete(path), on: () => watcher };
    return watcher as unknown as ReturnType<WatchFunction>;
  };

  // Real answers for real questions, each asked of git once: 100,000 processes would measure git.
  const remembered = new Map<string, GitAnswer<string>>();
  const source = await createWatcher({ ...bench, kind: 'in-process', watch: false, deps: { clock } });
  let edition = 0;
  let asked = 0;
  const answer = async (call: GitCall): Promise<GitAnswer<string>> => {
    asked++;
    const key = `${call.cwd} ${call.args.join(' ')} ${call.input ?? ''}`;
    const known = remembered.get(key) ?? (await source.runner.run(call));
    if (remembered.size < 5_000) remembered.set(key, known);
    // The edited file comes and goes, so that facts go out each time.
    if (call.args[0] !== 'status' || call.cwd !== side || edition % 2 === 0) return known;
    return { ...known, stdout: `${known.stdout}? src/new.ts\0` };
  };
  const runner: GitRunner = { ...source.runner, run: answer };
  const observed = await createWatcher({
    ...bench,
    kind: 'in-process',
    watch: true,
    deps: { clock, watchFunction, runner, howMerged: null },
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const opening = observed.open([main]);
  await opening;
  for (let n = 0; n < 500; n++) {
    clock.advance(5);
    await turn();
  }
  let told = 0;
  observed.observer.onFacts(() => told++);
  const { events } = bench.sizes;
  const step = (HOURS * 3_600_000) / events;
  const used = () => {
    globalThis.gc?.();
    globalThis.gc?.();
    return getHeapStatistics().used_heap_size / 1e6;
  };
  const samples: number[] = [];
  for (let n = 0; n < events; n++) {
    edition++;
    listeners.get(join(side, 'src/part0/d0'))?.('change', `file${n % 20}.ts`);
    // A commit's traces now and then.
    if (n % 50 === 0) listeners.get(join(main, '.git/refs/heads'))?.('change', 'task-1');
    clock.advance(step);
    for (let pause = 0; pause < 4; pause++) await turn();
    if (n % Math.floor(events / 10) === 0) samples.push(used());
  }
  samples.push(used());
  await observed.dispose();
  await source.dispose();
  const early = samples[2] ?? Number.NaN;
  const late = samples.at(-1) ?? Number.NaN;
  if (process.env.ORCHARD_BENCH_WARNINGS !== undefined)
    await writeFile(join(bench.scratch, 'memory.json'), JSON.stringify(samples));
  bench.row(
    limitRow(
      what,
      `${early.toFixed(1)} MB of heap after a fifth of them, ${late.toFixed(1)} MB at the end; ${told} snapshots, ${asked} questions`,
      `flat (± ${FLAT_MB} MB)`,
      // While a storm lasts it is looked at every few seconds only.
      late - early <= FLAT_MB && told > events / 50,
    ),
  );
};
