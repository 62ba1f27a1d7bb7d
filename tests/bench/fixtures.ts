/** Repositories, registries and transcripts that the bench makes for itself, the same every time. */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { git } from './processes';

export interface Sizes {
  /** Fixture M: worktrees and files in each. */
  readonly m: { readonly worktrees: number; readonly files: number };
  /** Fixture L; null leaves it out. */
  readonly l: { readonly worktrees: number; readonly files: number } | null;
  readonly s: { readonly repositories: number; readonly worktrees: number; readonly files: number };
  /** Branches of the collision matrix, beside `main`. */
  readonly branches: number;
  /** Worktrees of the repository with many, against one with a single worktree. */
  readonly many: number;
  readonly sessions: number;
  readonly transcripts: { readonly count: number; readonly bytes: number };
  readonly events: number;
  readonly idleSeconds: number;
  /** Starts of the app on the real Electron. */
  readonly appStarts: number;
  readonly personCommits: number;
  /** Ignored files in a worktree that is cleaned up. */
  readonly removedFiles: number;
  readonly rounds: { readonly m: number; readonly l: number; readonly s: number };
}

export const FULL: Sizes = {
  m: { worktrees: 8, files: 5_000 },
  l: { worktrees: 8, files: 50_000 },
  s: { repositories: 10, worktrees: 5, files: 200 },
  branches: 8,
  many: 50,
  sessions: 200,
  transcripts: { count: 200, bytes: 3_500_000 },
  events: 100_000,
  idleSeconds: 100,
  appStarts: 3,
  personCommits: 200,
  removedFiles: 20_000,
  rounds: { m: 15, l: 5, s: 7 },
};

export const QUICK: Sizes = {
  m: { worktrees: 8, files: 5_000 },
  l: null,
  s: { repositories: 3, worktrees: 3, files: 100 },
  branches: 8,
  many: 10,
  sessions: 20,
  transcripts: { count: 40, bytes: 1_000_000 },
  events: 10_000,
  idleSeconds: 10,
  appStarts: 1,
  personCommits: 30,
  removedFiles: 2_000,
  rounds: { m: 5, l: 3, s: 3 },
};

/** Some two dozen files in a directory, three levels deep, as source trees are. */
const FILES_IN_A_DIRECTORY = 24;
const DIRECTORIES_IN_ONE = 12;
export const fileAt = (n: number): string => {
  const directory = Math.floor(n / FILES_IN_A_DIRECTORY);
  return `src/part${Math.floor(directory / DIRECTORIES_IN_ONE)}/d${directory % DIRECTORIES_IN_ONE}/file${n}.ts`;
};
const contentOf = (n: number, edition = 0): string =>
  Array.from(
    { length: 12 },
    (_, line) => `export const value${n}_${line} = ${(n * 31 + line * 17) % 9973}; // ${edition}\n`,
  ).join('');

/** Git's own questions and templates are no part of the fixture. */
export async function makeHome(at: string): Promise<void> {
  await mkdir(at, { recursive: true });
  await writeFile(
    join(at, '.gitconfig'),
    '[user]\n\tname = Bench\n\temail = bench@example.com\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n',
  );
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** Until a plain status would not hash anything: an index younger than its files is not believed. */
async function settleIndexes(worktrees: readonly string[]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  for (const worktree of worktrees) await git(worktree, 'update-index', '-q', '--refresh').catch(() => '');
}

export interface MadeRepository {
  /** The main worktree first. */
  readonly worktrees: readonly string[];
}

/** A repository and its linked worktrees, each ahead of and behind `main`, with ignored packages. */
export async function makeRepository(
  at: string,
  shape: {
    readonly worktrees: number;
    readonly files: number;
    readonly packages: number;
    /** What each branch's last commit changes, beside a file of its own. */
    readonly touches?: (branch: number) => readonly number[];
  },
): Promise<MadeRepository> {
  const main = join(at, 'main');
  const worktrees = [main];
  await mkdir(main, { recursive: true });
  await git(main, 'init', '-q', '-b', 'main');
  await write(join(main, '.gitignore'), 'node_modules/\n');
  for (let n = 0; n < shape.files; n++) await write(join(main, fileAt(n)), contentOf(n));
  await git(main, 'add', '-A');
  await git(main, 'commit', '-q', '-m', 'everything');
  const first = await git(main, 'rev-parse', 'HEAD');
  await write(join(main, fileAt(0)), contentOf(0, 1));
  await git(main, 'commit', '-q', '-a', '-m', 'main goes on');
  await git(main, 'gc', '-q');
  for (let n = 1; n < shape.worktrees; n++) {
    const path = join(at, `tree${n}`);
    await git(main, 'worktree', 'add', '-q', '-b', `task-${n}`, path, first);
    for (const file of shape.touches?.(n) ?? []) await write(join(path, fileAt(file)), contentOf(file, n));
    await write(join(path, `src/own${n}.ts`), contentOf(n, n));
    await git(path, 'add', '-A');
    await git(path, 'commit', '-q', '-m', `task ${n}`);
    worktrees.push(path);
  }
  for (const path of worktrees)
    for (let n = 0; n < shape.packages; n++)
      await write(join(path, `node_modules/package${n}/lib/index.js`), 'x');
  await settleIndexes(worktrees);
  return { worktrees };
}

export interface Fixtures {
  readonly m: MadeRepository;
  readonly l: MadeRepository | null;
  readonly s: readonly MadeRepository[];
  readonly matrix: MadeRepository;
  readonly many: MadeRepository;
  readonly one: MadeRepository;
}

/** What each scenario wants, made when it is first wanted. */
export async function makeFixture<T>(at: string, name: string, make: (at: string) => Promise<T>): Promise<T> {
  const done = join(at, `${name}.json`);
  const known = await readFile(done, 'utf8').catch(() => null);
  if (known !== null) return JSON.parse(known) as T;
  const begun = performance.now();
  await mkdir(join(at, name), { recursive: true });
  const made = await make(join(at, name));
  await writeFile(done, JSON.stringify(made));
  console.error(`fixture ${name}: ${Math.round((performance.now() - begun) / 100) / 10} s`);
  return made;
}

/** Branches that share some files with some of the others, so that some pairs conflict and some don't. */
export const overlapping = (branch: number): readonly number[] => [
  10 + branch,
  200 + (branch % 3),
  300 + (branch % 4),
  500 + branch * 7,
  600 + branch * 7,
];

// ---------------------------------------------------------------- Claude Code's files

const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const at = (n: number) => new Date(Date.UTC(2026, 0, 5, 9, 0, 0) + n * 1000).toISOString();

/** One turn of a conversation: a prompt, a tool with a long result, an answer, bookkeeping. */
function turn(sessionId: string, cwd: string, n: number, ended: boolean): string {
  const common = { isSidechain: false, userType: 'external', cwd, sessionId, version: '2.1.330' };
  const result = Array.from({ length: 60 }, (_, row) => `${row}\tconst line${row} = ${n * row};`).join('\n');
  return [
    { type: 'user', ...common, timestamp: at(n * 10), message: { role: 'user', content: `Please do ${n}.` } },
    {
      type: 'assistant',
      ...common,
      timestamp: at(n * 10 + 1),
      message: {
        role: 'assistant',
        stop_reason: 'tool_use',
        content: [{ type: 'tool_use', id: `tool-${n}`, name: 'Read', input: { file_path: `/src/${n}.ts` } }],
      },
    },
    {
      type: 'user',
      ...common,
      timestamp: at(n * 10 + 2),
      message: {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: `tool-${n}`, content: result }],
      },
      toolUseResult: { file: { filePath: `/src/${n}.ts`, content: result } },
    },
    { type: 'file-history-snapshot', messageId: `m-${n}`, snapshot: { trackedFileBackups: {} } },
    {
      type: 'assistant',
      ...common,
      timestamp: at(n * 10 + 3),
      message: {
        role: 'assistant',
        stop_reason: ended ? 'end_turn' : null,
        content: [{ type: 'text', text: `Step ${n} is done, the tests pass. ${'More words. '.repeat(20)}` }],
      },
    },
  ]
    .map(line)
    .join('');
}

export interface MadeTranscripts {
  readonly projects: string;
  readonly cwd: string;
  readonly sessions: readonly string[];
  readonly bytes: number;
}

export const sessionName = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export async function makeTranscripts(
  root: string,
  cwd: string,
  { count, bytes }: { readonly count: number; readonly bytes: number },
): Promise<MadeTranscripts> {
  const projects = join(root, 'projects');
  const directory = join(projects, cwd.replace(/[^a-zA-Z0-9]/g, '-'));
  await mkdir(directory, { recursive: true });
  const sessions: string[] = [];
  let total = 0;
  for (let n = 0; n < count; n++) {
    const sessionId = sessionName(n);
    sessions.push(sessionId);
    const file = await open(join(directory, `${sessionId}.jsonl`), 'w');
    let written = 0;
    let step = 0;
    while (written < bytes) {
      let piece = '';
      while (piece.length < 256 * 1024) piece += turn(sessionId, cwd, step++, true);
      await file.write(piece);
      written += piece.length;
    }
    // Half of them are in the middle of a turn.
    await file.write(turn(sessionId, cwd, step, n % 2 === 0));
    await file.close();
    total += written;
  }
  return { projects, cwd, sessions, bytes: total };
}
