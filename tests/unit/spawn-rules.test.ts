import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyPlan, inBoth, isLeftOut } from '../../src-main/domain/copy-plan';
import { claudeCommand, firstPrompt } from '../../src-main/domain/first-prompt';
import { spawnRefusal, spawnSteps, spawnWarnings, worktreeCommands } from '../../src-main/domain/spawn-plan';

describe('the first prompt', () => {
  it.each([
    ['Fix it', 'none', 'Fix it'],
    ['Fix it', 'brain', 'First run /brain:load. Then: Fix it'],
    ['Fix it', 'gsd', 'First run /gsd:discuss. Then: Fix it'],
    ['Fix it', 'gsd-quick', 'First run /gsd:quick. Then: Fix it'],
    ['/clear all', 'none', 'Task: /clear all'],
    ['-p x', 'none', 'Task: -p x'],
    ['!rm', 'none', 'Task: !rm'],
    ['# heading', 'none', 'Task: # heading'],
    ['/clear', 'brain', 'First run /brain:load. Then: Task: /clear'],
    ['\n\u001b -x', 'none', 'Task: -x'],
    ['two\r\nlines', 'none', 'two\nlines'],
    ['', 'brain', 'First run /brain:load.'],
    [null, 'none', null],
  ] as const)('of %j with %s is %j', (task, preload, prompt) =>
    expect(firstPrompt(task, preload)).toBe(prompt),
  );

  it('is never an option, a command or a NUL', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'-/!#ab \t\n\r\0\u001b\u009b🌳'), maxLength: 20 }),
        fc.constantFrom('none' as const, 'brain' as const),
        (task, preload) => {
          const prompt = firstPrompt(task, preload) ?? '';
          return !/^[-/!#\s]/.test(prompt) && !/\p{Cc}/u.test(prompt.replace(/[\n\t]/g, ''));
        },
      ),
    );
  });

  it('is the last word of the command', () => {
    expect(claudeCommand('feature/a', 'id', 'Do it')).toEqual([
      'claude',
      '-n',
      'feature/a',
      '--session-id',
      'id',
      'Do it',
    ]);
    expect(claudeCommand('feature/a', 'id', null)).toHaveLength(5);
  });
});

describe('the copy plan', () => {
  const nothing = { untracked: [], claude: [], included: [], nested: [] };

  it('takes configuration by name, at any depth, but no directory of that name', () => {
    const untracked = [
      '.env',
      '.env.local',
      'apps/web/.env.development.local',
      '.envrc',
      '.dev.vars',
      'CLAUDE.md',
      'CLAUDE.local.md',
      'docs/CLAUDE.md',
      '.env/',
      '.environment',
      'x.env',
      'node_modules/',
    ];
    expect(copyPlan({ ...nothing, untracked })).toEqual([
      '.dev.vars',
      '.env',
      '.env.local',
      '.envrc',
      'CLAUDE.local.md',
      'CLAUDE.md',
      'apps/web/.env.development.local',
    ]);
  });

  it('never takes another worktree, nor what lies below one', () => {
    const plan = copyPlan({
      untracked: ['trees/one/.env.local'],
      claude: ['.claude/a.md', '.claude/worktrees/x/', '.claude/worktrees/y/file'],
      included: ['trees/one/', 'trees/onetwo'],
      nested: ['trees/one'],
    });
    expect(plan).toEqual(['.claude/a.md', 'trees/onetwo']);
    expect(isLeftOut('.claude/worktrees', [])).toBe(true);
  });

  it('names a directory once, not its files again', () => {
    expect(
      copyPlan({ ...nothing, untracked: ['config/.env'], included: ['config/', 'config/x'], claude: [] }),
    ).toEqual(['config/']);
  });

  it('finds what two collapsed lists have in common', () => {
    expect(inBoth(['node_modules/', 'a.log', 'src/x'], ['node_modules/', 'secrets/', 'a.log'])).toEqual([
      'node_modules/',
      'a.log',
    ]);
    expect(inBoth(['secrets/k1'], ['secrets/'])).toEqual(['secrets/k1']);
    expect(inBoth(['secrets/'], ['secrets/k1', 'secrets/k2'])).toEqual(['secrets/k1', 'secrets/k2']);
    expect(inBoth(['a/b'], ['a/bc/', 'a'])).toEqual([]);
  });
});

const facts = {
  branch: 'feature/a',
  path: '/p/project-wt-a',
  base: 'main',
  commit: '0123456789abcdef0123456789abcdef01234567',
  subject: 'first',
  freshness: 'fetched',
  copies: ['.env.local'],
  setup: { purpose: 'setup' as const, text: 'npm ci' },
  hooks: [{ purpose: 'hook' as const, text: '.husky/post-checkout:\n#!/bin/sh\n' }],
  otherHooks: ['/home/me/.hooks/post-checkout'],
};

describe('the plan', () => {
  it('says what will happen, hooks included', () => {
    expect(spawnSteps(facts).map(({ text }) => text)).toEqual([
      'Create feature/a at main (012345678, fetched) in /p/project-wt-a, running /home/me/.hooks/post-checkout, .husky/post-checkout',
      'Copy .env.local',
      'Run setup: npm ci',
      'Open a terminal with Claude Code',
    ]);
    const bare = spawnSteps({ ...facts, copies: [], setup: null, hooks: [], otherHooks: [] });
    expect(bare.map(({ id }) => id)).toEqual(['worktree', 'open']);
  });

  it('refuses first for what nobody can say yes to', () => {
    const around = { branches: ['feature/a'], taken: '/p/project-wt-a', worktrees: 4, limit: 4 };
    const commands = [facts.setup];
    expect(spawnRefusal(facts, around, commands)?.kind).toBe('branch-exists');
    expect(spawnRefusal(facts, { ...around, branches: [] }, commands)?.kind).toBe('directory-exists');
    expect(spawnRefusal(facts, { ...around, branches: [], taken: null }, commands)).toEqual({
      kind: 'too-many-worktrees',
      count: 4,
      limit: 4,
    });
    const free = { branches: ['main'], taken: null, worktrees: 3, limit: 4 };
    expect(spawnRefusal(facts, free, commands)).toEqual({ kind: 'approval-needed', commands });
    expect(spawnRefusal(facts, free, [])).toBeNull();
  });

  it('warns of what is odd, and of nothing else', () => {
    const calm = {
      liveSessions: 3,
      hasSubmodules: false,
      freshness: 'fetched',
      claudeMissing: false,
      hasSource: true,
    };
    expect(spawnWarnings(calm)).toEqual([]);
    expect(
      spawnWarnings({
        liveSessions: 4,
        hasSubmodules: true,
        freshness: 'the remote did not answer in 10 s',
        claudeMissing: true,
        hasSource: false,
      }),
    ).toHaveLength(5);
  });
});

describe('the commands by hand', () => {
  const spec = {
    root: '/p/my project',
    from: '/p/my project',
    path: "/p/it's",
    branch: 'feature/a',
    commit: 'abc',
    copies: ['.env.local', 'apps/web/.env', 'node_modules/'],
    setup: 'npm ci',
  };

  it('are what a POSIX shell takes', () => {
    expect(worktreeCommands(spec, 'linux')).toEqual([
      `git -C '/p/my project' worktree add --no-track -b feature/a '/p/it'\\''s' abc`,
      `cp -RLnp '/p/my project/.env.local' '/p/my project/node_modules' '/p/it'\\''s/'`,
      `mkdir -p '/p/it'\\''s/apps/web' && cp -RLnp '/p/my project/apps/web/.env' '/p/it'\\''s/apps/web/'`,
      `(cd '/p/it'\\''s' && npm ci)`,
    ]);
  });

  it('are what PowerShell takes on Windows', () => {
    const windows = { ...spec, root: 'C:\\my project', from: 'C:\\my project', path: "C:\\it's" };
    expect(worktreeCommands(windows, 'win32')).toEqual([
      `git -C 'C:\\my project' worktree add --no-track -b feature/a 'C:\\it''s' abc`,
      `Copy-Item -Recurse -LiteralPath 'C:\\my project\\.env.local', 'C:\\my project\\node_modules' -Destination 'C:\\it''s'`,
      `New-Item -ItemType Directory -Force -Path 'C:\\it''s\\apps\\web' | Out-Null`,
      `Copy-Item -Recurse -LiteralPath 'C:\\my project\\apps\\web\\.env' -Destination 'C:\\it''s\\apps\\web'`,
      `Push-Location -LiteralPath 'C:\\it''s'; npm ci; Pop-Location`,
    ]);
  });
});
