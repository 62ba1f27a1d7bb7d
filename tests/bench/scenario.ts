/** The door of a measuring process: one scenario, its rows to the parent. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { findGit } from '../../src-main/git/run/find-git';
import type { Sizes } from './fixtures';
import type { NaiveProcess } from './naive-simple-git';
import type { Machine } from './product';
import { notMeasured, type Row } from './row';
import { type ScenarioName, titles } from './scenario-names';

export interface Bench {
  /** Fixtures are made and kept here. */
  readonly fixtures: string;
  /** Empty, for this scenario alone. */
  readonly scratch: string;
  readonly sizes: Sizes;
  readonly machine: Machine;
  readonly platform: 'darwin' | 'linux' | 'win32';
  row(row: Row): void;
}
export type Scenario = (bench: Bench) => Promise<void>;

/** Loaded one by one: the code of the others is memory that this one must not have. */
const scenarios: { readonly [N in ScenarioName]: () => Promise<Scenario> } = {
  M: async () => (await import('./scenarios/tree')).measureM,
  L: async () => (await import('./scenarios/tree')).measureL,
  S: async () => (await import('./scenarios/tree')).measureS,
  again: async () => (await import('./scenarios/again')).measureAgain,
  idle: async () => (await import('./scenarios/idle')).measureIdle,
  many: async () => (await import('./scenarios/many')).measureMany,
  matrix: async () => (await import('./scenarios/matrix')).measureMatrix,
  harmless: async () => (await import('./scenarios/harmless')).measureHarmless,
  cleanup: async () => (await import('./scenarios/cleanup')).measureCleanup,
  parent: async () => (await import('./scenarios/parent')).measureParent,
  sessions: async () => (await import('./scenarios/sessions')).measureSessions,
  transcripts: async () => (await import('./scenarios/transcripts')).measureTranscripts,
  notification: async () => (await import('./scenarios/notification')).measureNotification,
  electron: async () => (await import('./scenarios/electron')).measureElectron,
  memory: async () => (await import('./scenarios/memory')).measureMemory,
};

const [name, asked] = process.argv.slice(2) as [ScenarioName, string];
const platform = process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux';
if ((name as string) === 'naive') {
  await (await import('./naive-simple-git')).serveNaive(JSON.parse(asked) as NaiveProcess);
  process.exit(0);
}
if ((name as string) === 'ballast') {
  await (await import('./ballast')).serveBallast(Number(asked));
  process.exit(0);
}
const found = await findGit(process.env, platform);
const sent: Promise<void>[] = [];
const row = (one: Row) => {
  sent.push(new Promise((resolve) => process.send?.(one, undefined, undefined, () => resolve())));
};

if (found.state !== 'ok') row(notMeasured(titles[name], 'no usable git'));
else {
  const { scratch, sizes } = JSON.parse(asked) as { readonly scratch: string; readonly sizes: Sizes };
  const fixtures = join(scratch, 'fixtures');
  await mkdir(fixtures, { recursive: true });
  const measure = await scenarios[name]();
  await measure({
    fixtures,
    scratch: await mkdtemp(join(scratch, `${name}-`)),
    sizes,
    machine: { git: found.path, gitVersion: found.version },
    platform,
    row,
  });
}
await Promise.all(sent);
process.exit(0);
