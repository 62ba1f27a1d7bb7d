/** Worktrees of one size: the first look, one edit, one commit, and what a refresh does to the process. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileAt, type MadeRepository, makeFixture, makeRepository } from '../fixtures';
import { type NaivePass, startCompanion } from '../naive-client';
import { concurrency, git, statusCalls, timeOfPool, versionCalls } from '../processes';
import { createWatcher, type Watcher } from '../product';
import { limitRow, median, ms, notMeasured, pairedRatio, ratioRow, shownRow, times } from '../row';
import type { Bench, Scenario } from '../scenario';
import { titles } from '../scenario-names';

/** git 2.41 counts all distances in one process. */
const firstLookBar = (gitVersion: string) => (/^2\.(\d|[123]\d|40)(\.|$)/.test(gitVersion) ? 1.3 : 1.15);

interface Shape {
  readonly name: 'M' | 'L' | 'S';
  readonly repositories: readonly MadeRepository[];
  readonly rounds: number;
  readonly fasterThanNaive: number;
  /** An edit in relation to a full pass; null where it is not asked for. */
  readonly editBar: number | null;
}

export const measureM: Scenario = async (bench) => {
  const { m, rounds } = bench.sizes;
  const one = await makeFixture(bench.fixtures, `m-${m.worktrees}x${m.files}`, (at) =>
    makeRepository(at, { ...m, packages: 60 }),
  );
  await measure(bench, {
    name: 'M',
    repositories: [one],
    rounds: rounds.m,
    fasterThanNaive: 2.5,
    editBar: 0.35,
  });
};

export const measureL: Scenario = async (bench) => {
  const { l, rounds } = bench.sizes;
  if (l === null) {
    bench.row(notMeasured(titles.L, 'left out of a quick run'));
    return;
  }
  const one = await makeFixture(bench.fixtures, `l-${l.worktrees}x${l.files}`, (at) =>
    makeRepository(at, { ...l, packages: 60 }),
  );
  await measure(bench, {
    name: 'L',
    repositories: [one],
    rounds: rounds.l,
    fasterThanNaive: 1.6,
    editBar: 0.1,
  });
};

export const measureS: Scenario = async (bench) => {
  const { s, rounds } = bench.sizes;
  const repositories = await makeFixture(
    bench.fixtures,
    `s-${s.repositories}x${s.worktrees}x${s.files}`,
    async (at) => {
      const made: MadeRepository[] = [];
      for (let n = 0; n < s.repositories; n++)
        made.push(await makeRepository(join(at, `project${n}`), { ...s, packages: 3 }));
      return made;
    },
  );
  await measure(bench, {
    name: 'S',
    repositories,
    rounds: rounds.s,
    fasterThanNaive: 3.4,
    editBar: null,
  });
};

async function measure(bench: Bench, shape: Shape): Promise<void> {
  await measureFirstLook(bench, shape);
  const watcher = await createWatcher({ ...bench, kind: 'helper', watch: true });
  await watcher.open(shape.repositories.map(({ worktrees }) => worktrees[0] ?? ''));
  await watcher.watching();
  await measureStall(bench, shape, watcher);
  if (shape.editBar !== null) {
    await measureWatches(bench, shape, watcher);
    await measureEdits(bench, shape, watcher, shape.editBar);
    await measureCommits(bench, shape, watcher);
  }
  await watcher.dispose();
}

async function measureFirstLook(bench: Bench, { name, repositories, rounds, fasterThanNaive }: Shape) {
  const worktrees = repositories.flatMap((one) => one.worktrees);
  const roots = repositories.map((one) => one.worktrees[0] ?? '');
  const naive = startCompanion<NaivePass>(
    'naive',
    JSON.stringify({ scratch: join(bench.scratch, 'naive'), platform: bench.platform, roots }),
  );
  const floor: number[] = [];
  const bare: number[] = [];
  const app: number[] = [];
  const command: number[] = [];
  const loop: number[] = [];
  const together: number[] = [];
  const naiveStall: number[] = [];
  let naiveMb = 0;
  let processes = 0;
  const firstLook = async (kind: 'helper' | 'in-process') => {
    const watcher = await createWatcher({ ...bench, kind, watch: kind === 'helper' });
    const before = watcher.calls.length;
    const took = await watcher.open(roots);
    // A one-shot command has also asked by now how branches are merged.
    if (kind === 'helper') processes = watcher.calls.length - before;
    await watcher.dispose();
    return took;
  };
  // The first round fills the file system's caches and counts for nobody.
  for (let round = -1; round < rounds; round++) {
    const one = {
      floor: await timeOfPool(versionCalls(roots[0] ?? '', worktrees.length), concurrency),
      bare: await timeOfPool(statusCalls(worktrees), concurrency),
      app: await firstLook('helper'),
      command: await firstLook('in-process'),
      naive: await naive.ask(worktrees),
    };
    if (round < 0) continue;
    floor.push(one.floor);
    bare.push(one.bare);
    app.push(one.app);
    command.push(one.command);
    loop.push(one.naive.tookMs);
    together.push(one.naive.togetherMs);
    naiveStall.push(one.naive.stallMs);
    naiveMb = one.naive.rssMb;
  }
  naive.end();
  if (name === 'S')
    bench.row(
      ratioRow(
        `${name}: first snapshot (${processes} processes) against \`git --version\` × ${worktrees.length}`,
        app,
        floor,
        { atMost: 2.6 },
      ),
    );
  else
    bench.row(
      ratioRow(`${name}: first snapshot (${processes} processes) against a bare status pass`, app, bare, {
        atMost: firstLookBar(bench.machine.gitVersion),
      }),
    );
  bench.row(
    ratioRow(`${name}: first snapshot against a naive simple-git loop in the app's process`, app, loop, {
      fasterBy: fasterThanNaive,
    }),
  );
  bench.row(
    shownRow(
      `${name}: behind it`,
      `process floor ${ms(median(floor))}, bare pass ${ms(median(bare))}, one-shot command ${ms(median(command))} (${times(pairedRatio(command, name === 'S' ? floor : bare))}), simple-git all at once ${ms(median(together))} with a stall of ${ms(median(naiveStall))}, in a process of ${Math.round(naiveMb)} MB`,
    ),
  );
}

async function measureStall(bench: Bench, { name, rounds }: Shape, watcher: Watcher) {
  const stalls: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await watcher.quiet();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await watcher.observer.refresh(null);
    delay.disable();
    stalls.push(delay.max / 1e6);
  }
  const typical = median(stalls);
  bench.row(
    limitRow(
      `${name}: longest event-loop stall during a refresh of everything`,
      `${ms(typical)} (median of ${rounds}; worst ${ms(Math.max(...stalls))})`,
      '≤ 16 ms',
      typical <= 16,
    ),
  );
}

async function measureWatches(bench: Bench, { name, repositories }: Shape, watcher: Watcher) {
  const what = `${name}: inotify watches`;
  if (bench.platform !== 'linux') {
    bench.row(notMeasured(what, 'only Linux has them'));
    return;
  }
  const worktrees = repositories.flatMap((one) => one.worktrees);
  let directories = 0;
  let ignored = 0;
  for (const worktree of worktrees)
    for (const entry of await readdir(worktree, { recursive: true, withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name).slice(worktree.length + 1);
      if (path === '.git' || path.startsWith('.git/')) continue;
      if (path === 'node_modules' || path.startsWith('node_modules/')) ignored++;
      else directories++;
    }
  // Each worktree's root is a directory too.
  const most = directories + worktrees.length + 3 * worktrees.length;
  const held = await inotifyWatches();
  const told = watcher.observer.performance().watches;
  bench.row(
    limitRow(
      what,
      `${held} (${told.files} for files, ${told.git} for git) with ${directories + worktrees.length} directories; ${ignored} ignored ones not among them`,
      `≤ ${most}`,
      held <= most,
    ),
  );
}

async function inotifyWatches(): Promise<number> {
  let held = 0;
  for (const descriptor of await readdir('/proc/self/fdinfo')) {
    const info = await readFile(join('/proc/self/fdinfo', descriptor), 'utf8').catch(() => '');
    held += info.split('\n').filter((text) => text.startsWith('inotify ')).length;
  }
  return held;
}

async function measureEdits(bench: Bench, shape: Shape, watcher: Watcher, bar: number) {
  const { name, rounds } = shape;
  const worktrees = shape.repositories.flatMap((one) => one.worktrees);
  const whole: number[] = [];
  const bare: number[] = [];
  const delays: number[] = [];
  const processes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const worktree = worktrees[1 + (round % (worktrees.length - 1))] ?? '';
    bare.push(await timeOfPool(statusCalls(worktrees), concurrency));
    await watcher.quiet();
    const before = watcher.calls.length;
    const file = join(worktree, fileAt(100 + round));
    const content = `${await readFile(file, 'utf8')}// edited in round ${round}\n`;
    const seen = watcher.row(worktree).lastActivityAt ?? 0;
    const told = watcher.until((facts) =>
      facts.worktrees.some((row) => row.path === worktree && (row.lastActivityAt ?? 0) > seen),
    );
    const begun = performance.now();
    await writeFile(file, content);
    const took = (await told) - begun;
    const asked = watcher.calls.slice(before);
    whole.push(took);
    delays.push(took - asked.reduce((sum, { tookMs }) => sum + tookMs, 0));
    await watcher.quiet();
    processes.push(watcher.calls.length - before);
  }
  bench.row(ratioRow(`${name}: one edit → snapshot, against a full pass`, whole, bare, { atMost: bar }));
  bench.row(
    limitRow(
      `${name}: one edit: our own delay, and processes`,
      `${ms(median(delays))} (worst ${ms(Math.max(...delays))}), ${median(processes)} process`,
      '≤ 20 ms, 1 process',
      median(delays) <= 20 && median(processes) === 1,
    ),
  );
}

async function measureCommits(bench: Bench, shape: Shape, watcher: Watcher) {
  const { name, rounds } = shape;
  const worktrees = shape.repositories.flatMap((one) => one.worktrees);
  const after: number[] = [];
  const single: number[] = [];
  const processes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const worktree = worktrees[1 + (round % (worktrees.length - 1))] ?? '';
    const file = join(worktree, `src/commit${name}.ts`);
    await writeFile(file, `export const round = ${round} + ${Date.now()};\n`);
    await git(worktree, 'add', '-A');
    await watcher.quiet();
    // As long as a person takes to write the message: nothing that went before may matter.
    single.push(await timeOfPool(statusCalls([worktree]), 1));
    const before = watcher.calls.length;
    const subject = `commit ${round} at ${Date.now()}`;
    const told = watcher.until((facts) =>
      facts.worktrees.some(
        (row) =>
          row.path === worktree &&
          row.lastCommit?.subject === subject &&
          row.changes.staged + row.changes.changed + row.changes.untracked === 0,
      ),
    );
    await git(worktree, 'commit', '-q', '-m', subject);
    const exit = performance.now();
    after.push(Math.max(0, (await told) - exit));
    processes.push(watcher.calls.length - before);
    await watcher.quiet();
  }
  bench.row(
    ratioRow(
      `${name}: a commit's exit → snapshot (${median(processes)} processes), against one worktree's status`,
      after,
      single,
      { atMost: 2.2 },
    ),
  );
}
