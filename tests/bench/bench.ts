/** Makes the fixtures, runs each scenario in a small process of its own, and prints the table. */
import { fork } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FULL, makeHome, QUICK } from './fixtures';
import { git } from './processes';
import { notMeasured, type Row } from './row';
import { type ScenarioName, scenarioNames, titles } from './scenario-names';
import { tableOf, withTable } from './table';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    at: { type: 'string' },
  },
});
const here = dirname(fileURLToPath(import.meta.url));
const sizes = options.quick ? QUICK : FULL;
const wanted = options.only?.split(',') ?? scenarioNames;
for (const name of wanted)
  if (!scenarioNames.some((known) => known === name)) {
    console.error(`There is no scenario “${name}”: ${scenarioNames.join(', ')}.`);
    process.exit(2);
  }

const scratch = options.at ?? (await realpath(await mkdtemp(join(tmpdir(), 'orchard-bench-'))));
const home = join(scratch, 'home');
await makeHome(home);
const env: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: home,
  GIT_CONFIG_NOSYSTEM: '1',
  LC_ALL: 'C.UTF-8',
  SHELL: '/bin/sh',
  ...(process.env.ORCHARD_CLAUDE_CLIENT !== undefined && {
    ORCHARD_CLAUDE_CLIENT: process.env.ORCHARD_CLAUDE_CLIENT,
  }),
  ...(process.env.ORCHARD_BENCH_WARNINGS !== undefined && { ORCHARD_BENCH_WARNINGS: '1' }),
};

/** Each in a process of its own, so that none measures what another left in memory. */
function run(name: ScenarioName): Promise<readonly Row[]> {
  return new Promise((resolve) => {
    const rows: Row[] = [];
    const child = fork(join(here, 'scenario.js'), [name, JSON.stringify({ scratch, sizes })], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--expose-gc'],
    });
    child.on('message', (row: Row) => rows.push(row));
    child.once('exit', (code) => {
      if (code !== 0) rows.push(notMeasured(titles[name], `the measurement broke off (exit ${code})`));
      resolve(rows);
    });
  });
}

const rows: Row[] = [];
const begun = performance.now();
const load = loadavg()[0] ?? 0;
try {
  for (const name of scenarioNames) {
    if (!wanted.includes(name)) continue;
    const since = performance.now();
    const found = await run(name);
    console.error(`${name}: ${Math.round((performance.now() - since) / 1000)} s`);
    for (const row of found) console.error(`  ${row.what}: ${row.measured} ${row.bar} ${row.verdict}`);
    rows.push(...found);
  }
} finally {
  if (options.at === undefined) await rm(scratch, { recursive: true, force: true });
}

const gitVersion = (await git(process.cwd(), '--version')).replace('git version ', '');
const { m, l, s } = sizes;
const about = [
  `${options.quick ? 'A quick run with small fixtures' : 'A full run'} on ${process.platform} with ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, git ${gitVersion}, Node ${process.versions.node}, in ${Math.round((performance.now() - begun) / 60_000)} minutes;`,
  `load when it began: ${load.toFixed(1)}.`,
  `Fixtures: M is ${m.worktrees} worktrees × ${m.files} files,`,
  l === null ? 'L was left out,' : `L ${l.worktrees} × ${l.files},`,
  `S ${s.repositories} repositories × ${s.worktrees} worktrees.`,
  'Ratios are medians of pairs measured in turn, in one run; the times behind them (ours : theirs) are medians.',
].join(' ');
const table = tableOf(rows, about);
console.log(table);

if (options.write) {
  const file = join(process.cwd(), 'README.md');
  const readme = await readFile(file, 'utf8').catch(() => null);
  const next = readme === null ? null : withTable(readme, table);
  if (next === null) console.error('README.md has no place for the table; it was only printed.');
  else await writeFile(file, next);
}
