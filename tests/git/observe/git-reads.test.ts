import { expect, onTestFinished, test } from 'vitest';
import { baseRefs, baseTip, repositoryBase } from '../../../src-main/git/facts/base-rules';
import { parseCompared } from '../../../src-main/git/facts/compared-refs';
import type { Distance } from '../../../src-main/git/facts/distance';
import { createDistances } from '../../../src-main/git/facts/distances';
import { repositoryName } from '../../../src-main/git/facts/locate';
import { parseCommit, parseRefs, refPatterns } from '../../../src-main/git/facts/refs';
import {
  countChanges,
  mergeStatus,
  parseStatus,
  pathspecs,
  pathsToAsk,
} from '../../../src-main/git/facts/status-map';
import { readProblem } from '../../../src-main/git/facts/worktrees';
import {
  createCoalescer,
  FOLLOWING_WAITS_MS,
  LEADING_MS,
  QUICK_RUNS,
} from '../../../src-main/git/observe/coalescer';
import { atLeast } from '../../../src-main/git/observe/observer';
import {
  createPerDirectoryWatches,
  createRecursiveWatches,
  type WatchEvent,
  type WatchFunction,
} from '../../../src-main/git/observe/watch/directory-watches';
import { commonChange, privateChange } from '../../../src-main/git/observe/watch/git-paths';
import { directoriesOf } from '../../../src-main/git/run/directories';
import { createGitHost } from '../../../src-main/git/run/git-host';
import type { GitCall, GitRunner } from '../../../src-main/git/run/git-runner';
import { createManualClock } from '../../support/manual-clock';
import { createSilentLog } from '../../support/silent-log';
import { temporaryDirectory } from '../../support/temporary';

const zeros = '0'.repeat(40);

test('a status with every kind of line', () => {
  const output = [
    '# branch.oid (initial)',
    '# branch.head (detached)',
    `1 M. N... 100644 100644 100644 ${zeros} ${zeros} with space`,
    `1 .M N... 100644 100644 100644 ${zeros} ${zeros} new\nline`,
    `1 MM N... 100644 100644 100644 ${zeros} ${zeros} both`,
    `2 R. N... 100644 100644 100644 ${zeros} ${zeros} R100 to`,
    'from',
    `u UU N... 100644 100644 100644 100644 ${zeros} ${zeros} ${zeros} fought over`,
    '? nd/',
    '',
  ].join('\0');
  const status = parseStatus(output);
  expect(status).toMatchObject({ oid: null, branch: null });
  expect([...status.entries]).toEqual([
    ['with space', 'M.'],
    ['new\nline', '.M'],
    ['both', 'MM'],
    ['to', 'R.'],
    ['fought over', 'uUU'],
    ['nd/', '??'],
  ]);
  expect(countChanges(status.entries)).toEqual({ staged: 3, changed: 2, untracked: 1, conflicted: 1 });
});

test('paths are asked for literally, nested worktrees are left out', () => {
  expect(pathspecs([], [])).toEqual([]);
  expect(pathspecs([], ['.claude/worktrees/x'])).toEqual([
    '--',
    ':(top)',
    ':(top,exclude,literal).claude/worktrees/x',
  ]);
  expect(pathspecs([':(glob)*', '-x'], [])).toEqual(['--', ':(top,literal):(glob)*', ':(top,literal)-x']);
});

test('a path that may lie in an untracked directory is asked for by that directory', () => {
  const entries = new Map([
    ['nd/', '??'],
    ['src/one', '.M'],
  ]);
  const tracked = new Set(['src', 'src/deep']);
  const ask = (...paths: string[]) => pathsToAsk(paths, entries, (directory) => tracked.has(directory));
  expect(ask('src/one', 'top')).toEqual(['src/one', 'top']);
  expect(ask('nd/a/b', 'nd/c')).toEqual(['nd']);
  expect(ask('src/deep/new/er/file')).toEqual(['src/deep/new']);
  expect(ask('src/deep', 'src/deep/x')).toEqual(['src/deep']);
  expect(ask('src/deeper')).toEqual(['src/deeper']);
});

test('a part of a status replaces exactly its part', () => {
  const entries = new Map([
    ['nd/', '??'],
    ['src/a', '.M'],
    ['src/ab', '.M'],
    ['src/a/b', '.M'],
  ]);
  expect([...mergeStatus(entries, ['src/a', 'nd'], new Map([['src/a', 'M.']]))]).toEqual([
    ['src/ab', '.M'],
    ['src/a', 'M.'],
  ]);
});

test('refs, and a commit as git keeps it', () => {
  const refs = parseRefs(
    'refs/heads/main\0aaa\0\0refs/remotes/origin/main\0origin\0refs/heads/main\0refs/heads/x\0[ahead 1, behind 20]\x001700000000\0A subject\n' +
      'refs/remotes/origin/HEAD\0bbb\0refs/remotes/origin/main\0\0\0\0\0\0\0\n',
  );
  expect(refs.get('refs/heads/main')).toEqual({
    name: 'refs/heads/main',
    oid: 'aaa',
    symref: null,
    upstream: 'refs/remotes/origin/main',
    remote: 'origin',
    remoteRef: 'refs/heads/main',
    compared: { against: 'refs/heads/x', ahead: 1, behind: 20 },
    commit: { at: 1_700_000_000_000, subject: 'A subject' },
  });
  expect(refs.get('refs/remotes/origin/HEAD')).toMatchObject({
    symref: 'refs/remotes/origin/main',
    commit: null,
  });
  expect(
    parseCommit(
      `tree ${zeros}\nauthor A <a@b> 1 +0000\ncommitter C > D <c@d> 1700000000 -0230\n\nA subject\non two lines\n\nbody\n`,
    ),
  ).toEqual({ at: 1_700_000_000_000, subject: 'A subject on two lines' });
  expect(refPatterns(['feature/x'], ['main'])).toContain('refs/remotes/*/main');
});

test('what git says about a distance, and when it says nothing', () => {
  const main = 'refs/heads/main';
  expect(parseCompared(main, '')).toEqual({ against: main, ahead: 0, behind: 0 });
  expect(parseCompared(main, '[ahead 3]')).toEqual({ against: main, ahead: 3, behind: 0 });
  expect(parseCompared(main, '[behind 12]')).toEqual({ against: main, ahead: 0, behind: 12 });
  expect(parseCompared(main, '[gone]')).toBeNull();
  expect(parseCompared(main, '[something new]')).toBeNull();
  expect(parseCompared('', '')).toBeNull();
});

const ref = (name: string, oid: string, more: Partial<{ symref: string; upstream: string }> = {}) =>
  [name, { name, oid, symref: null, upstream: null, compared: null, commit: null, ...more }] as const;

test('the base: configured, else the remote says, else the usual names, else the main branch', () => {
  const nothing = { configured: null, initDefault: null, mainBranch: null };
  const remote = [
    ref('refs/remotes/origin/HEAD', 'a', { symref: 'refs/remotes/origin/develop' }),
    ref('refs/heads/main', 'b'),
  ];
  expect(repositoryBase(new Map(remote), { ...nothing, configured: 'release' })).toBe('release');
  expect(repositoryBase(new Map(remote), nothing)).toBe('develop');
  const local = [ref('refs/heads/master', 'a'), ref('refs/heads/trunk', 'b')];
  expect(repositoryBase(new Map(local), nothing)).toBe('master');
  expect(repositoryBase(new Map(local), { ...nothing, initDefault: 'trunk' })).toBe('trunk');
  expect(repositoryBase(new Map(), { ...nothing, mainBranch: 'odd' })).toBe('odd');
  const two = [
    ref('refs/remotes/a/HEAD', 'a', { symref: 'refs/remotes/a/x' }),
    ref('refs/remotes/b/HEAD', 'a', { symref: 'refs/remotes/b/y' }),
    ref('refs/heads/main', 'b'),
  ];
  expect(repositoryBase(new Map(two), nothing)).toBe('main');
});

test("the base's tip is whichever of local and upstream contains the other", () => {
  const refs = new Map([
    ref('refs/heads/main', 'local', { upstream: 'refs/remotes/origin/main' }),
    ref('refs/remotes/origin/main', 'fetched'),
  ]);
  const base = baseRefs(refs, 'main');
  if (base === null) throw new Error('no base');
  const apart = (distance: Distance | undefined) => baseTip(base, () => distance);
  expect(apart(undefined)).toBeUndefined();
  expect(apart({ ahead: 2, behind: 0 })).toEqual({ oid: 'local', diverged: false });
  expect(apart({ ahead: 0, behind: 3 })).toEqual({ oid: 'fetched', diverged: false });
  expect(apart({ ahead: 1, behind: 1 })).toEqual({ oid: 'local', diverged: true });
  expect(baseRefs(new Map([ref('refs/remotes/fork/main', 'x')]), 'main')).toMatchObject({ local: 'x' });
  expect(baseRefs(new Map(), 'main')).toBeNull();
});

function answering(answer: (call: GitCall) => string): { runner: GitRunner; calls: GitCall[] } {
  const calls: GitCall[] = [];
  const runner: GitRunner = {
    run(call) {
      calls.push(call);
      return Promise.resolve({ reason: 'exited', exitCode: 0, stdout: answer(call), stderr: '', tookMs: 1 });
    },
    runBinary: () => Promise.reject(new Error('not asked')),
    objects: () => Promise.resolve([]),
    directories: () => Promise.resolve({ problem: 'unreadable' }),
    counts: () => ({ started: 0, startedInLastMinute: 0, running: 0, queued: 0, restarts: 0 }),
    dispose: () => Promise.resolve(),
  };
  return { runner, calls };
}

test('a newer git counts all branches against a base in one process', async () => {
  const { runner, calls } = answering((call) =>
    call.args[0] === 'for-each-ref' ? 'aaa 1 2\nbbb 0 3\n' : '4\t5\n',
  );
  const distances = createDistances({ runner, log: createSilentLog(), hasAheadBehind: true });
  await distances.compute('/r', [
    { base: 'base', head: 'aaa', ref: 'refs/heads/a' },
    { base: 'base', head: 'bbb', ref: 'refs/heads/b' },
    { base: 'base', head: 'ccc', ref: null },
    { base: 'base', head: 'base', ref: null },
  ]);
  expect(distances.get('base', 'aaa')).toEqual({ ahead: 1, behind: 2 });
  expect(distances.get('base', 'ccc')).toEqual({ ahead: 5, behind: 4 });
  expect(calls.map((call) => call.args[0])).toEqual(['for-each-ref', 'rev-list']);
  expect(calls[0]?.args[1]).toBe('--format=%(objectname) %(ahead-behind:base)');
  await distances.compute('/r', [{ base: 'base', head: 'ccc', ref: null }]);
  expect(calls).toHaveLength(2);
});

test('versions, names and problems in words', () => {
  expect(atLeast('2.41.0.windows.1', 2, 41)).toBe(true);
  expect(atLeast('2.39.5 (Apple Git-154)', 2, 41)).toBe(false);
  expect(atLeast('3.0.0', 2, 41)).toBe(true);
  expect(repositoryName('/a/tool.git')).toBe('tool');
  expect(repositoryName('/a/shop/.bare')).toBe('shop');
  expect(repositoryName('/a/shop/.git')).toBe('shop');
  expect(readProblem('fatal: detected dubious ownership in repository at', 'x')).toMatch(/another user/);
});

test('directories of listed files', () => {
  expect([...directoriesOf('a\0b/c/d\0b/c/e\0b/f\0')].sort()).toEqual(['b', 'b/c']);
});

test('names in a git directory that mean something', () => {
  expect(privateChange('HEAD', true)).toBe('head');
  expect(privateChange('index', false)).toBe('status');
  expect(privateChange('index.lock', false)).toBeNull();
  expect(privateChange('rebase-merge', true)).toBe('ongoing');
  expect(privateChange('rebase-merge/done', true)).toBeNull();
  expect(privateChange('locked', true)).toBe('list');
  expect(privateChange('locked', false)).toBeNull();
  expect(privateChange('COMMIT_EDITMSG', false)).toBeNull();
  expect(commonChange('refs/heads/feature/x')).toBe('refs');
  expect(commonChange('refs/heads/feature/x.lock')).toBeNull();
  expect(commonChange('refs/stash')).toBeNull();
  expect(commonChange('packed-refs')).toBe('refs');
  expect(commonChange('worktrees/x')).toBe('list');
  expect(commonChange('orchard/tasks/x.json')).toBe('tasks');
  expect(commonChange('orchard/journal')).toBeNull();
  expect(commonChange('objects')).toBeNull();
});

function coalescing() {
  const clock = createManualClock();
  const runs: number[] = [];
  let finish: () => void = () => {};
  const coalescer = createCoalescer<number>({
    clock,
    log: createSilentLog(),
    name: 'test',
    add: (pending, work) => (pending ?? 0) + work,
    run(work) {
      runs.push(work);
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
    after: () => {},
  });
  const done = async () => {
    finish();
    for (let n = 0; n < 5; n++) await Promise.resolve();
  };
  return { clock, runs, coalescer, done };
}

test('the first event waits 10 ms; one runs, one is pending', async () => {
  const { clock, runs, coalescer, done } = coalescing();
  coalescer.push(1);
  coalescer.push(1);
  clock.advance(LEADING_MS - 1);
  expect(runs).toEqual([]);
  clock.advance(1);
  expect(runs).toEqual([2]);
  coalescer.push(1);
  clock.advance(5_000);
  expect(runs).toEqual([2]);
  await done();
  clock.advance(FOLLOWING_WAITS_MS[0] ?? 0);
  expect(runs).toEqual([2, 1]);
});

test('a few events close together never wait long; a storm waits longer and longer', async () => {
  const calm = coalescing();
  calm.coalescer.push(1);
  calm.clock.advance(LEADING_MS);
  for (let n = 0; n < 5; n++) {
    await calm.done();
    calm.coalescer.push(1);
    // What a person does once is several changes: the first to follow wait no longer than the first.
    calm.clock.advance(n < QUICK_RUNS ? LEADING_MS : 99);
    expect(calm.runs).toHaveLength(n < QUICK_RUNS ? n + 2 : n + 1);
    calm.clock.advance(n < QUICK_RUNS ? 0 : 1);
    expect(calm.runs).toHaveLength(n + 2);
  }
  const storm = coalescing();
  storm.coalescer.push(1);
  storm.clock.advance(LEADING_MS);
  // 250 events a second for 3 seconds.
  for (let at = 0; at < 3_000; at += 4) {
    storm.coalescer.push(1);
    await storm.done();
    storm.clock.advance(4);
  }
  expect(storm.runs.length).toBeLessThanOrEqual(5);
  storm.clock.advance(2_000);
  expect(storm.runs.reduce((sum, work) => sum + work, 0)).toBe(751);
});

function watching() {
  const open = new Map<string, (event: WatchEvent, name: string | null) => void>();
  const watch: WatchFunction = (path, _options, listener) => {
    open.set(path, listener);
    const watcher = { close: () => void open.delete(path), on: () => watcher };
    return watcher as never;
  };
  const events: (string | null)[][] = [];
  const deps = {
    watch,
    onEvent: (directory: string, name: string | null) => void events.push([directory, name]),
    onError: () => {},
  };
  return { open, events, deps };
}

test('one watch per directory, and a removed one gives up its own below it', async () => {
  const { open, events, deps } = watching();
  const watches = createPerDirectoryWatches(deps);
  await watches.add(['/r', '/r/a', '/r/a/b', '/r/ab']);
  open.get('/r/a')?.('change', 'file');
  expect(events).toEqual([['/r/a', 'file']]);
  watches.removeBelow('/r/a');
  expect([...open.keys()]).toEqual(['/r', '/r/ab']);
  expect(watches.size).toBe(2);
  watches.dispose();
  expect(open.size).toBe(0);
});

test('one recursive watch tells only of directories that are wanted', async () => {
  const { open, events, deps } = watching();
  const watches = createRecursiveWatches('/r', deps);
  await watches.add(['/r', '/r/src']);
  expect([...open.keys()]).toEqual(['/r']);
  const tell = open.get('/r');
  tell?.('change', 'src/file');
  tell?.('change', 'node_modules/deep/er/file');
  tell?.('rename', 'top');
  tell?.('rename', null);
  expect(events).toEqual([
    ['/r/src', 'file'],
    ['/r', 'node_modules'],
    ['/r', 'top'],
    ['/r', null],
  ]);
});

test('what others wait for goes before what nobody waits for, in its own order', async () => {
  const order: string[] = [];
  const emptyDirectory = await temporaryDirectory();
  const host = createGitHost({ git: process.execPath, env: process.env, emptyDirectory, concurrency: 1 });
  onTestFinished(() => host.dispose());
  const ask = (name: string, first: boolean) =>
    host.run({ cwd: emptyDirectory, args: [], first }).then(() => order.push(name));
  await Promise.all([
    ask('running', false),
    ask('status one', false),
    ask('status two', false),
    ask('list', true),
    ask('refs', true),
  ]);
  expect(order).toEqual(['running', 'list', 'refs', 'status one', 'status two']);
});
