import { describe, expect, test } from 'vitest';
import type { OperationEvent } from '../../../src-main/contract/operations';
import type { CleanupPlan, MergePlan, SpawnPlan } from '../../../src-main/contract/plans';
import type { Handlers } from '../../../src-main/contract/requests';
import { fail, ok } from '../../../src-main/contract/result';
import type { Snapshot } from '../../../src-main/contract/snapshot';
import type { OrchardOptions } from '../../../src-main/engine/orchard';
import { fingerprint } from '../../../src-main/faces/terminal/commands/context';
import { runCli } from '../../../src-main/faces/terminal/program';
import { createFakeOrchard } from '../../support/fake-orchard';
import { poll } from '../../support/poll';
import { createFakeIo } from '../../support/terminal-io';
import { iso, sessionView, snapshotOf, t0, worktreeView } from '../../support/views';

const token = 'a'.repeat(32);
const operation = 'merge-20260105090000-abcdef';
const main = worktreeView({ name: 'project', path: '/code/project', branch: 'main', isMain: true });
const login = worktreeView({ task: 'Fix the login page' });
const other = worktreeView({
  name: 'project-wt-other',
  path: '/code/project-wt-other',
  branch: 'feature/other',
  task: 'Something else',
});
const here = snapshotOf([main, login, other], {
  line: '1 needs you · 2 working',
  counts: { needsYou: 1, working: 2, done: 0, worktrees: 3, repositories: 1 },
});

const mergePlan: MergePlan = {
  token,
  worktreeId: login.id,
  branch: 'feature/login',
  base: 'main',
  strategy: 'merge',
  update: null,
  steps: [
    { id: 'check', text: 'Check that all is committed' },
    { id: 'land', text: 'Merge into main' },
  ],
  conflicts: [],
  collisions: [
    {
      with: other.id,
      files: ['src/a.ts'],
      certainty: 'decided',
      kinds: ['content'],
      regions: [],
      regionsLeftOut: 0,
    },
  ],
  order: null,
  validation: [],
  carryOver: [],
  warnings: [],
  losses: [],
  refusal: null,
};
const mergeDone = {
  operation,
  landed: { sha: 'b'.repeat(40), base: 'main' },
  pullRequest: null,
  removed: null,
  rebaseNow: [other.id],
};
const cleanupPlan: CleanupPlan = {
  token,
  worktreeId: login.id,
  path: login.path,
  branch: login.branch,
  merged: 'ancestor',
  mergedHow: 'Everything is in main.',
  steps: [{ id: 'move', text: 'Move it to the trash' }],
  losses: ['notes.txt (untracked)'],
  notKept: ['node_modules'],
  warnings: [],
  refusal: null,
};
const spawnPlan: SpawnPlan = {
  token,
  repositoryId: 'r-000000000001',
  name: 'fix-it',
  path: '/code/project-wt-fix-it',
  branch: 'feature/fix-it',
  base: 'main',
  baseCommit: 'c'.repeat(40),
  baseSubject: 'first',
  freshness: 'no remote',
  copies: ['.env.local', '.claude/settings.local.json', '.claude/commands/'],
  setup: null,
  hooks: [],
  firstPrompt: 'Fix it',
  quick: false,
  steps: [],
  commands: ['git worktree add …', 'cd /code/project-wt-fix-it && claude'],
  warnings: [],
  refusal: null,
};

interface Run {
  readonly snapshot?: Snapshot;
  readonly handlers?: Partial<Handlers>;
  readonly cwd?: string;
  readonly answers?: readonly boolean[] | null;
  /** Directories with a repository in them. */
  readonly repositories?: readonly string[];
  readonly columns?: number;
}
function prepare({
  snapshot = here,
  handlers = {},
  cwd = '/code/project',
  answers = null,
  repositories = ['/code/project'],
  columns,
}: Run) {
  const terminal = createFakeIo({ answers, columns: columns ?? null });
  const fake = createFakeOrchard(snapshot, handlers);
  const opened: Pick<OrchardOptions, 'repositories' | 'watch' | 'person'>[] = [];
  const interruption = new AbortController();
  const orch = async (...arguments_: string[]) => {
    const code = await runCli(arguments_, {
      io: terminal.io,
      cwd,
      cwdGone: false,
      env: {},
      platform: 'linux',
      version: '1.2.3',
      now: () => t0,
      realPath: async (path) => (path.includes('absent') ? null : path),
      exists: async (path) => repositories.some((root) => path === `${root}/.git`),
      interrupted: interruption.signal,
      async openOrchard(options) {
        opened.push(options);
        return fake.orchard;
      },
      serve: async (_orchard, port) =>
        port === 1
          ? fail({ kind: 'port-taken', port, details: 'EACCES' })
          : ok({ url: 'http://127.0.0.1:9/#token=t', port: 9, close: async () => {} }),
    });
    return { code, out: terminal.text.out, err: terminal.text.err };
  };
  return { ...fake, orch, opened, interruption, terminal };
}
const run = (arguments_: readonly string[], options: Run = {}) => prepare(options).orch(...arguments_);

describe('status and monitor', () => {
  test('status prints the line, and the counts as JSON', async () => {
    expect(await run(['status'])).toEqual({ code: 0, out: '1 needs you · 2 working\n', err: '' });
    const { code, out } = await run(['status', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      line: '1 needs you · 2 working',
      needsYou: 1,
      working: 2,
      done: 0,
      worktrees: 3,
      repositories: 1,
    });
  });

  test('the scope is --repo, else the repository around here, else everything known', async () => {
    const scope = async (arguments_: readonly string[], cwd: string) => {
      const { orch, opened } = prepare({ cwd, repositories: ['/code/project', '/code/second'] });
      const { code } = await orch(...arguments_);
      return code === 0 ? opened[0]?.repositories : code;
    };
    expect(await scope(['status'], '/code/project/src/deep')).toEqual(['/code/project/src/deep']);
    expect(await scope(['status'], '/home/ada')).toBe('all');
    expect(await scope(['status', '--all'], '/code/project')).toBe('all');
    expect(await scope(['--repo', '../second', 'status'], '/code/project')).toEqual(['/code/second']);
    expect(await scope(['status', '--repo', '/nowhere'], '/code/project')).toBe(1);
  });

  test('monitor --json has every documented field, with ISO times', async () => {
    const session = sessionView({
      state: 'needs-permission',
      attention: 'needs-you',
      reason: 'Bash',
      since: iso(t0),
    });
    const note = { title: 'n', path: '/n.md', at: iso(t0) };
    const snapshot = snapshotOf([{ ...login, sessions: [session], note, collisions: mergePlan.collisions }], {
      suggestions: [{ worktree: login.id, text: 'Merge it.', action: 'merge' }],
      problems: [{ where: 'git', message: 'm' }],
    });
    const { out } = await run(['monitor', '--json'], { snapshot });
    const document = JSON.parse(out);
    expect(document).toMatchObject({
      revision: 1,
      takenAt: '2026-01-05T09:00:00.000Z',
      line: 'no sessions',
      repositories: [
        {
          name: 'project',
          root: '/code/project',
          base: 'main',
          worktrees: [
            {
              id: login.id,
              name: login.name,
              path: login.path,
              branch: 'feature/login',
              isMain: false,
              base: 'main',
              head: 'a'.repeat(40),
              missing: false,
              lastCommit: { sha: 'a'.repeat(40), subject: 'first', at: '2026-01-05T09:00:00.000Z' },
              ahead: 0,
              behind: 0,
              changes: { staged: 0, changed: 0, untracked: 0, conflicted: 0 },
              activity: 'active',
              attention: 'none',
              task: 'Fix the login page',
              note,
              locked: false,
              merged: null,
              collisions: [{ with: other.id, files: ['src/a.ts'] }],
              sessions: [
                {
                  pid: 100,
                  sessionId: 'a',
                  state: 'needs-permission',
                  since: '2026-01-05T09:00:00.000Z',
                  evidence: 'registry: idle',
                  reason: 'Bash',
                  lastMessage: null,
                },
              ],
            },
          ],
        },
      ],
      suggestions: [{ worktree: login.id, text: 'Merge it.', action: 'merge' }],
      problems: [{ where: 'git', message: 'm' }],
    });
  });

  test('printing is not seeing, and looking needs no git', async () => {
    const snapshot = { ...here, tools: { ...here.tools, git: { state: 'missing' } as const } };
    const { orch, calls } = prepare({ snapshot });
    expect((await orch('monitor')).code).toBe(0);
    expect(calls).toEqual([]);
    expect(await run(['merge', 'x'], { snapshot })).toMatchObject({
      code: 1,
      err: expect.stringContaining('could not find git'),
    });
  });

  test('the engine is closed after every end, good or bad', async () => {
    const good = prepare({});
    await good.orch('status');
    expect(good.disposed()).toBe(1);
    const bad = prepare({});
    await bad.orch('open', 'nothing-like-it');
    expect(bad.disposed()).toBe(1);
  });
});

describe('which worktree', () => {
  const named = async (name: readonly string[], options: Run = {}) => {
    const { orch, calls } = prepare({
      ...options,
      handlers: { 'worktree.openCommand': async () => ok({ command: 'c' }) },
    });
    const { code } = await orch('open', ...name, '--print');
    const [call] = calls;
    return code === 0 && call !== undefined ? (call.input as { worktreeId: string }).worktreeId : code;
  };
  test('a directory, a branch, a name, the slug of a task or of the name, an id', async () => {
    for (const name of [
      '/code/project-wt-login',
      '../project-wt-login',
      'feature/login',
      'refs/heads/feature/login',
      'project-wt-login',
      'fix-the-login-page',
      'login',
      login.id,
    ])
      expect([name, await named([name])]).toEqual([name, login.id]);
    expect(await named(['/code/project-wt-login/src/deep'])).toBe(login.id);
  });

  test('none named: the one that the current directory is in, the deepest', async () => {
    const nested = worktreeView({
      name: 'x',
      path: '/code/project/.claude/worktrees/x',
      branch: 'worktree-x',
    });
    const snapshot = snapshotOf([main, nested]);
    expect(await named([], { snapshot, cwd: '/code/project/src' })).toBe(main.id);
    expect(await named([], { snapshot, cwd: '/code/project/.claude/worktrees/x/src' })).toBe(nested.id);
    expect(await named([], { snapshot, cwd: '/elsewhere' })).toBe(1);
  });

  test('a directory that is away can still be named', async () => {
    const away = worktreeView({ name: 'absent', path: '/code/absent', branch: 'b', missing: true });
    expect(await named(['/code/absent'], { snapshot: snapshotOf([main, away]) })).toBe(away.id);
    expect(await named(['../absent'], { snapshot: snapshotOf([main, away]) })).toBe(away.id);
  });

  test('two that fit are wrong usage, with the candidates', async () => {
    const twin = worktreeView({ name: 'feature/login', path: '/code/twin', branch: 'twin' });
    const snapshot = snapshotOf([main, login, twin]);
    const { code, out } = await run(['open', 'feature/login', '--json'], { snapshot });
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      error: { kind: 'ambiguous', candidates: ['/code/project-wt-login', '/code/twin'] },
    });
    expect(await named(['/code/twin'], { snapshot })).toBe(twin.id);
  });

  test('a folder of the current worktree is not the worktree, unless it is said as a path', async () => {
    expect(await named(['src'])).toBe(1);
    expect(await named(['./src'])).toBe(main.id);
  });

  test('nothing that fits is refused by name', async () => {
    const { code, err } = await run(['open', 'nope']);
    expect(code).toBe(1);
    expect(err).toContain('There is no worktree “nope”.');
  });
});

describe('usage', () => {
  test.each([
    [['nonsense']],
    [['merge', '--strategy', 'octopus']],
    [['merge', 'a', 'b']],
    [['spawn']],
    [['serve', '--port', 'x']],
    [['serve', '--port', '70000']],
    [['status', '--nope']],
    [[]],
  ])('%j is wrong usage: 2, nothing on stdout, and the engine is not started', async (arguments_) => {
    const { orch, opened } = prepare({});
    const { code, out, err } = await orch(...arguments_);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
    expect(opened).toEqual([]);
  });

  test('under --json wrong usage is one document too', async () => {
    const { code, out } = await run(['merge', '--strategy', 'octopus', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      error: {
        kind: 'invalid-request',
        message: expect.stringContaining('octopus'),
        next: expect.any(String),
      },
    });
    const badToken = await run(['merge', '--plan', 'nope', '--json']);
    expect(badToken.code).toBe(2);
    expect(JSON.parse(badToken.out).error.field).toBe('token');
  });

  test('--help is on stdout and 0, for every command, and names the global options', async () => {
    for (const command of [
      [],
      ...['status', 'monitor', 'spawn', 'quick', 'pattern', 'merge', 'cleanup', 'undo', 'open', 'answer'].map(
        (name) => [name],
      ),
      ...[['note'], ['repo'], ['repo', 'add'], ['repo', 'remove'], ['repo', 'list'], ['serve'], ['doctor']],
    ]) {
      const { code, out, err } = await run([...command, '--help']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain('--json');
      expect(out).toContain('--repo');
    }
    expect((await run(['--version'])).out).toBe('1.2.3\n');
  });

  test.each([[['pattern', 'juggler', '--yes']], [['answer', 'login', 'allow']]])(
    '%j is not available yet: 1, in words and as JSON',
    async (arguments_) => {
      const { code, err } = await run(arguments_);
      expect(code).toBe(1);
      expect(err).toContain('is not available yet');
      const json = await run([...arguments_, '--json']);
      expect(JSON.parse(json.out)).toMatchObject({ error: { kind: 'not-available' } });
    },
  );
});

describe('spawn', () => {
  const handlers: Partial<Handlers> = {
    'repository.planSpawn': async () => ok(spawnPlan),
    'repository.spawn': async () =>
      ok({
        worktreeId: login.id,
        path: spawnPlan.path,
        branch: spawnPlan.branch,
        commands: ['cd /code/project-wt-fix-it && claude'],
        opened: null,
        warnings: ['no terminal'],
      }),
  };
  test('what the person asked for reaches the engine, and the commands come out', async () => {
    const { orch, calls } = prepare({ handlers });
    const { code, out, err } = await orch(
      'spawn',
      'Fix it',
      '--name',
      'n',
      '--base',
      'dev',
      '--preload',
      'brain',
      '--no-open',
    );
    expect(code).toBe(0);
    expect(calls).toEqual([
      {
        name: 'repository.planSpawn',
        input: {
          repositoryId: 'r-000000000001',
          task: 'Fix it',
          name: 'n',
          base: 'dev',
          preload: 'brain',
          quick: false,
        },
      },
      { name: 'repository.spawn', input: { token, force: false, approve: false, open: false } },
    ]);
    expect(out).toContain('cd /code/project-wt-fix-it && claude');
    expect(err).toContain('no terminal');
  });

  test('JSON has the worktree as monitor has it, and the commands', async () => {
    const { out } = await run(['quick', '--json'], { handlers });
    expect(JSON.parse(out)).toMatchObject({
      worktree: { id: login.id, name: 'project-wt-login', sessions: [] },
      commands: ['cd /code/project-wt-fix-it && claude'],
    });
  });

  test('--print makes nothing and prints the plan’s commands', async () => {
    const { orch, calls } = prepare({ handlers });
    const { out } = await orch('spawn', 'Fix it', '--print');
    expect(calls.map(({ name }) => name)).toEqual(['repository.planSpawn']);
    expect(out).toBe('git worktree add …\ncd /code/project-wt-fix-it && claude\n');
    const { worktree, commands, plan } = JSON.parse(
      (await run(['spawn', 'x', '--print', '--json'], { handlers })).out,
    );
    expect({ worktree, commands }).toEqual({ worktree: null, commands: spawnPlan.commands });
    expect(plan).toMatchObject({ path: spawnPlan.path, branch: spawnPlan.branch });
  });

  test('the fifth worktree takes --force; a yes elsewhere is not asked', async () => {
    const refusal = { kind: 'too-many-worktrees', count: 4, limit: 4 } as const;
    const full = { ...handlers, 'repository.planSpawn': async () => ok({ ...spawnPlan, refusal }) };
    const refused = await run(['spawn', 'x'], { handlers: full, answers: [true, true] });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('--force');
    const { orch, calls } = prepare({ handlers: full });
    expect((await orch('spawn', 'x', '--force')).code).toBe(0);
    expect(calls.at(-1)).toMatchObject({ input: { force: true } });
  });

  const command = { purpose: 'setup', text: 'npm ci\nrm -rf x' } as const;
  const withSetup = {
    ...handlers,
    'repository.planSpawn': async () => ok({ ...spawnPlan, setup: { command, approved: false } }),
  };
  test('a repository’s command runs only after exactly that text was shown and approved', async () => {
    const { orch, calls, terminal } = prepare({ handlers: withSetup, answers: [true] });
    const { code, err } = await orch('spawn', 'x');
    expect(code).toBe(0);
    expect(err).toContain('    npm ci\n    rm -rf x');
    expect(terminal.questions).toEqual(['Run exactly this?']);
    expect(calls.at(-1)).toMatchObject({ name: 'repository.spawn', input: { approve: true } });

    const no = prepare({ handlers: withSetup, answers: [false] });
    expect((await no.orch('spawn', 'x')).code).toBe(1);
    expect(no.calls.map(({ name }) => name)).not.toContain('repository.spawn');
  });

  test('without anybody to ask it is refused with its text, and approved only by its fingerprint', async () => {
    const alone = await run(['spawn', 'x', '--json'], { handlers: withSetup });
    expect(alone.code).toBe(1);
    expect(JSON.parse(alone.out)).toMatchObject({ error: { kind: 'approval-needed', commands: [command] } });
    const mark = fingerprint([command]);
    expect(alone.err).toContain(`--approve ${mark}`);
    expect((await run(['spawn', 'x', '--approve', mark], { handlers: withSetup })).code).toBe(0);
    expect((await run(['spawn', 'x', '--approve', 'other'], { handlers: withSetup })).code).toBe(1);
  });

  test('outside of every repository it is refused', async () => {
    const { code, out } = await run(['spawn', 'x', '--json'], { cwd: '/home/ada' });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { kind: 'not-a-repository', path: '/home/ada' } });
  });
});

describe('merge and cleanup', () => {
  const handlers: Partial<Handlers> = {
    'worktree.planMerge': async () => ok(mergePlan),
    'worktree.merge': async () => ok(mergeDone),
    'worktree.planCleanup': async () => ok(cleanupPlan),
    'worktree.cleanup': async () =>
      ok({ operation, removed: login.path, undoUntil: '2026-01-12T09:00:00.000Z' }),
  };
  test('the defaults are a merge commit, updated by merging, validated and not pushed', async () => {
    const { orch, calls } = prepare({ handlers });
    await orch('merge', 'login', '--yes');
    expect(calls).toEqual([
      {
        name: 'worktree.planMerge',
        input: {
          worktreeId: login.id,
          strategy: 'merge',
          update: 'merge',
          skipValidation: false,
          push: false,
        },
      },
      { name: 'worktree.merge', input: { token, approve: false } },
    ]);
  });

  test('a yes is asked for with the plan in sight; a no does nothing', async () => {
    for (const [answer, code] of [
      [true, 0],
      [false, 1],
    ] as const) {
      const { orch, calls, terminal } = prepare({ handlers, answers: [answer] });
      const result = await orch('merge', 'login');
      expect(result.code).toBe(code);
      expect(result.err).toContain('Merge feature/login into main, as a merge commit');
      expect(result.err).toContain('  1. Check that all is committed');
      expect(result.err).toContain('project-wt-other: src/a.ts');
      expect(terminal.questions).toEqual(['Merge?']);
      expect(calls.some(({ name }) => name === 'worktree.merge')).toBe(answer);
    }
  });

  test('without a terminal to ask in it is refused, unless --yes is given', async () => {
    for (const verb of ['merge', 'cleanup']) {
      const { orch, calls } = prepare({ handlers });
      const { code, out } = await orch(verb, 'login', '--json');
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ error: { kind: 'needs-confirmation' } });
      expect(calls).toHaveLength(1);
      expect((await run([verb, 'login', '--yes'], { handlers })).code).toBe(0);
    }
  });

  test('done: what landed, what to rebase and how to take it back', async () => {
    const { out } = await run(['merge', 'login', '--yes'], { handlers });
    expect(out).toBe(
      `Landed on main at bbbbbbbbb.\nRebase now: project-wt-other.\nTo take it back: orch undo ${operation}\n`,
    );
    const json = await run(['merge', 'login', '--yes', '--json'], { handlers });
    expect(JSON.parse(json.out)).toMatchObject({
      operation,
      landed: { sha: 'b'.repeat(40), base: 'main' },
      removed: null,
    });
    const cleaned = await run(['cleanup', 'login', '--yes', '--json'], { handlers });
    expect(JSON.parse(cleaned.out)).toMatchObject({ operation, landed: null, removed: login.path });
  });

  test('--dry-run shows the plan with its token and does nothing', async () => {
    const { orch, calls } = prepare({ handlers });
    const { code, out } = await orch('merge', 'login', '--dry-run', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      plan: {
        token,
        steps: ['Check that all is committed', 'Merge into main'],
        losses: [],
        conflicts: [],
        collisions: [{ with: other.id, files: ['src/a.ts'] }],
        refusal: null,
      },
    });
    expect(calls.map(({ name }) => name)).toEqual(['worktree.planMerge']);
    const text = await run(['cleanup', 'login', '--dry-run'], { handlers });
    expect(text.out).toContain('  - notes.txt (untracked)');
    expect(text.out).toContain(`orch cleanup --plan ${token}`);
  });

  test('a worktree that had better wait is told so, and can be merged all the same', async () => {
    const order = 'Better merge feature/other first: merging this one now makes feature/other rebase.';
    const later = { ...handlers, 'worktree.planMerge': async () => ok({ ...mergePlan, order }) };
    const dry = await run(['merge', 'login', '--dry-run'], { handlers: later });
    expect(dry.out).toContain(`\n\n${order}\n`);
    expect((await run(['merge', 'login', '--yes'], { handlers: later })).code).toBe(0);
    // The documented JSON has no place for it.
    const json = await run(['merge', 'login', '--dry-run', '--json'], { handlers: later });
    expect(json.out).not.toContain('Better');
  });

  test('--plan does exactly that plan: no new plan, no question', async () => {
    for (const [verb, request] of [
      ['merge', 'worktree.merge'],
      ['cleanup', 'worktree.cleanup'],
    ] as const) {
      const { orch, calls } = prepare({ handlers });
      expect((await orch(verb, 'login', '--plan', token)).code).toBe(0);
      expect(calls).toEqual([{ name: request, input: { token, approve: false } }]);
    }
  });

  test('a plan that is refused says why and what next, and is not executed', async () => {
    const refusal = { kind: 'dirty', path: login.path, files: ['a.txt'] } as const;
    const dirty = { ...handlers, 'worktree.planMerge': async () => ok({ ...mergePlan, refusal }) };
    const { orch, calls } = prepare({ handlers: dirty });
    const { code, out } = await orch('merge', 'login', '--yes', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out).error).toMatchObject({
      kind: 'dirty',
      files: ['a.txt'],
      message: expect.stringContaining('a.txt'),
      next: expect.stringContaining('Commit it'),
    });
    expect(calls).toHaveLength(1);
    const dry = await run(['merge', 'login', '--dry-run', '--json'], { handlers: dirty });
    expect(dry.code).toBe(0);
    expect(JSON.parse(dry.out).plan.refusal).toMatchObject({ kind: 'dirty', next: expect.any(String) });
  });

  test('--yes is no approval of a repository’s commands', async () => {
    const command = { purpose: 'validate', text: 'make check' } as const;
    const validated = {
      ...handlers,
      'worktree.planMerge': async () => ok({ ...mergePlan, validation: [{ command, approved: false }] }),
    };
    const { orch, calls } = prepare({ handlers: validated });
    const { code, out } = await orch('merge', 'login', '--yes', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out).error.kind).toBe('approval-needed');
    expect(calls.map(({ name }) => name)).toEqual(['worktree.planMerge']);
    const mark = fingerprint([command]);
    const approved = prepare({ handlers: validated });
    expect((await approved.orch('merge', 'login', '--yes', '--approve', mark)).code).toBe(0);
    expect(approved.calls.at(-1)).toMatchObject({ input: { approve: true } });
  });

  test('hooks are asked about together with the validation, not approved unseen with it', async () => {
    const command = { purpose: 'validate', text: 'make check' } as const;
    const hook = { purpose: 'hook', text: '# .husky/pre-push\nmake lint\n' } as const;
    const { orch } = prepare({
      handlers: {
        ...handlers,
        'worktree.planMerge': async () =>
          ok({
            ...mergePlan,
            validation: [{ command, approved: false }],
            refusal: { kind: 'approval-needed', commands: [command, hook] },
          }),
      },
    });
    const { out } = await orch('merge', 'login', '--yes', '--json');
    expect(JSON.parse(out).error).toMatchObject({ kind: 'approval-needed', commands: [command, hook] });
  });

  test('with --plan, what needs approval is told by the engine and asked about once', async () => {
    const command = { purpose: 'validate', text: 'make check' } as const;
    const strict: Partial<Handlers> = {
      'worktree.merge': async ({ approve }) =>
        approve ? ok(mergeDone) : fail({ kind: 'approval-needed', commands: [command] }),
    };
    const { orch, calls, terminal } = prepare({ handlers: strict, answers: [true] });
    expect((await orch('merge', '--plan', token)).code).toBe(0);
    expect(terminal.questions).toHaveLength(1);
    expect(calls.map(({ input }) => (input as { approve: boolean }).approve)).toEqual([false, true]);
  });

  const event = (change: OperationEvent['change']): OperationEvent => ({
    operation,
    kind: 'merge',
    repositoryId: 'r-000000000001',
    worktreeId: login.id,
    at: iso(t0),
    change,
  });
  test('the steps and their output are on stderr, so that stdout stays one document', async () => {
    const state = prepare({
      handlers: {
        ...handlers,
        'worktree.merge': async () => {
          state.operate(event({ type: 'started', title: 'Merging', steps: [] }));
          state.operate(event({ type: 'step', step: 'Check that all is committed', state: 'running' }));
          state.operate(event({ type: 'output', step: 'Check that all is committed', text: 'half ' }));
          state.operate(
            event({
              type: 'output',
              step: 'Check that all is committed',
              text: 'line\u001b[2J\r\nmo\u001b[3',
            }),
          );
          state.operate(event({ type: 'output', step: 'Check that all is committed', text: '1mre\u0007' }));
          state.operate(event({ type: 'step', step: 'Check that all is committed', state: 'done' }));
          state.operate(event({ type: 'step', step: 'Merge into main', state: 'failed' }));
          return ok(mergeDone);
        },
      },
    });
    const { out, err } = await state.orch('merge', 'login', '--yes', '--json');
    expect(JSON.parse(out).operation).toBe(operation);
    expect(err).toContain(
      'Merging\n  Check that all is committed…\n      half line\n      more␇\n  ✓ Check that all is committed\n  ✗ Merge into main\n',
    );
  });

  test('Ctrl+C asks the engine to cancel and waits until it has taken everything back', async () => {
    let finish: (() => void) | null = null;
    const state = prepare({
      handlers: {
        ...handlers,
        'worktree.merge': () =>
          new Promise((resolve) => {
            state.operate(event({ type: 'started', title: 'Merging', steps: [] }));
            finish = () => resolve(fail({ kind: 'cancelled' }));
          }),
        'operation.cancel': async () => {
          finish?.();
          return ok(null);
        },
      },
    });
    const running = state.orch('merge', 'login', '--yes');
    await poll(() => finish !== null);
    state.interruption.abort();
    expect((await running).code).toBe(1);
    expect(state.calls.at(-1)).toEqual({ name: 'operation.cancel', input: { operation } });
    expect(state.disposed()).toBe(1);
    expect(state.terminal.text.err).toContain('Cancelled');
  });

  test('Ctrl+C while planning starts nothing', async () => {
    const state = prepare({ handlers: { 'worktree.planMerge': () => new Promise(() => {}) } });
    const running = state.orch('merge', 'login', '--yes');
    await poll(() => state.calls.length > 0);
    state.interruption.abort();
    expect((await running).code).toBe(1);
    expect(state.disposed()).toBe(1);
  });
});

describe('undo, notes, doctor', () => {
  test('undo needs no yes, takes the last or the one named, and lists', async () => {
    const handlers: Partial<Handlers> = {
      'operation.undo': async () =>
        ok({ operation, repository: 'project', restored: ['main', login.path], remoteBranch: null }),
      'operation.list': async () =>
        ok({
          operations: [
            {
              operation,
              kind: 'cleanup',
              repositoryId: 'r-000000000001',
              repository: 'project',
              summary: 'Cleaned up project-wt-login',
              at: iso(t0 - 60_000),
              until: '2026-01-12T09:00:00.000Z',
              diskBytes: 1_400_000_000,
            },
          ],
          stuck: [],
        }),
    };
    const last = prepare({ handlers });
    expect(await last.orch('undo')).toMatchObject({
      code: 0,
      out: `Took back ${operation} in project.\n  - main\n  - /code/project-wt-login\n`,
    });
    expect(last.calls).toEqual([{ name: 'operation.undo', input: { operation: null } }]);
    const named = prepare({ handlers });
    await named.orch('undo', operation);
    expect(named.calls).toEqual([{ name: 'operation.undo', input: { operation } }]);
    expect((await run(['undo', 'nonsense'], { handlers })).code).toBe(2);
    expect((await run(['undo', '--list'], { handlers })).out).toBe(
      `${operation}  project: Cleaned up project-wt-login, 1 min ago, until 2026-01-12, 1.4 GB\n`,
    );
  });

  test('notes are printed with their lines, and nothing in them reaches the terminal', async () => {
    const handlers: Partial<Handlers> = {
      'worktree.notes': async () =>
        ok({ notes: [{ title: 'Plan', path: '/p.md', at: iso(t0 - 60_000), text: 'one\n\u001b[2Jtwo\n' }] }),
    };
    expect(await run(['note', 'login'], { handlers })).toMatchObject({
      code: 0,
      out: '## Plan\n/p.md, 1 min ago\n\none\n␛[2Jtwo\n',
    });
    expect(JSON.parse((await run(['note', 'login', '--json'], { handlers })).out).notes).toHaveLength(1);
  });

  test('doctor ends with 1 when something is broken, and only then', async () => {
    const check = (state: 'ok' | 'broken' | 'absent') =>
      ({ id: 'git', title: 'Git', state, message: 'm', next: state === 'ok' ? null : 'Do this.' }) as const;
    const handlers = (state: 'ok' | 'broken' | 'absent'): Partial<Handlers> => ({
      'doctor.run': async () => ok({ checks: [check(state)] }),
    });
    expect(await run(['doctor'], { handlers: handlers('absent') })).toMatchObject({
      code: 0,
      out: '– Git: m\n  Do this.\n\nNothing is broken.\n',
    });
    const broken = await run(['doctor', '--json'], { handlers: handlers('broken') });
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.out)).toMatchObject({ ok: false, checks: [{ id: 'git', state: 'broken' }] });
  });
});

describe('repositories and serving', () => {
  test('what a person types stands for the native dialog', async () => {
    const state = prepare({
      cwd: '/code',
      handlers: {
        'repository.add': async () => {
          const directory = (await state.opened[0]?.person?.chooseDirectory('')) ?? null;
          return ok({ added: directory });
        },
      },
    });
    expect(await state.orch('repo', 'add', 'project')).toMatchObject({
      code: 0,
      out: 'Watching /code/project.\n',
    });
  });

  test('removing hides a repository and forgets that it was added; listing tells them apart', async () => {
    const { orch, orchard, opened } = prepare({});
    await orchard.settings.update((settings) => ({
      ...settings,
      repositories: { added: ['/code/project', '/gone/absent'], hidden: ['/code/quiet'] },
    }));
    expect(JSON.parse((await orch('repo', 'list', '--json')).out)).toEqual({
      repositories: [
        { name: 'project', root: '/code/project', worktrees: 3, added: true, hidden: false, missing: false },
        { name: 'absent', root: '/gone/absent', worktrees: 0, added: true, hidden: false, missing: true },
        { name: 'quiet', root: '/code/quiet', worktrees: 0, added: false, hidden: true, missing: false },
      ],
    });
    expect((await orch('repo', 'remove', '/code/project-wt-login')).code).toBe(0);
    expect((await orch('repo', 'remove', '/gone/absent')).code).toBe(0);
    expect(orchard.settings.get().repositories).toEqual({
      added: [],
      hidden: ['/code/quiet', '/code/project'],
    });
    expect((await orch('repo', 'remove', 'nope')).code).toBe(1);
    expect(opened.every(({ repositories }) => repositories === 'all')).toBe(true);
  });

  test('serve prints one line and stays until it is asked to end', async () => {
    const { orch, interruption, terminal, opened, disposed } = prepare({});
    const serving = orch('serve');
    await poll(() => terminal.text.out !== '');
    expect(disposed()).toBe(0);
    interruption.abort();
    expect(await serving).toEqual({ code: 0, out: 'http://127.0.0.1:9/#token=t\n', err: '' });
    expect(opened).toMatchObject([{ watch: true, repositories: 'all' }]);
    expect(disposed()).toBe(1);
  });

  test('a port that is taken is a clear failure', async () => {
    const { code, err } = await run(['serve', '--port', '1']);
    expect(code).toBe(1);
    expect(err).toContain('can’t listen on port 1');
  });
});
