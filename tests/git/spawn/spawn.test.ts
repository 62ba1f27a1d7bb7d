import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../src-main/contract/failure-texts';
import { createSpawnSandbox, value, yes } from '../../support/spawn-sandbox';
import { createTestSpawner, input, locationOf } from '../../support/spawner';

const run = promisify(execFile);

describe('a spawn', () => {
  it('makes a worktree on a branch of its own, without an upstream, and opens Claude in it', async () => {
    const { git, root, parent, spawner, location } = await createSpawnSandbox();
    const head = await git(root, 'rev-parse', 'HEAD');
    const { spawner: spawning, opened, records, events } = spawner();
    const plan = value(await spawning.plan(input('Fix the footer', { preload: 'brain' })));
    expect(plan).toMatchObject({
      name: 'fix-the-footer',
      path: join(parent, 'project-wt-fix-the-footer'),
      branch: 'feature/fix-the-footer',
      base: 'main',
      baseCommit: head,
      baseSubject: 'first',
      freshness: 'no remote',
      refusal: null,
    });
    const done = value(await spawning.execute(yes(plan)));
    expect(await git(plan.path, 'symbolic-ref', 'HEAD')).toBe('refs/heads/feature/fix-the-footer');
    expect(await git(plan.path, 'rev-parse', 'HEAD')).toBe(head);
    expect(await git(plan.path, 'status', '--porcelain')).toBe('');
    await expect(git(plan.path, 'rev-parse', '--abbrev-ref', '@{upstream}')).rejects.toThrow();
    const [request] = opened;
    expect(request).toMatchObject({ directory: plan.path, title: 'Fix the footer', session: null });
    expect(request?.command).toEqual([
      'claude',
      '-n',
      'feature/fix-the-footer',
      '--session-id',
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      'First run /brain:load. Then: Fix the footer',
    ]);
    expect(done.worktreeId).toMatch(/^w-[0-9a-f]{12}$/);
    const [record] = await records.list(location);
    expect(record).toMatchObject({
      task: 'Fix the footer',
      branch: plan.branch,
      base: 'main',
      createdAtCommit: head,
      quick: false,
      sessionId: request?.command?.[4],
      entry: 'project-wt-fix-the-footer',
    });
    expect(events.at(-1)?.change).toMatchObject({ type: 'finished', failure: null });
  });

  it('plans without making anything', async () => {
    const { spawner, state } = await createSpawnSandbox();
    const before = await state();
    const plan = value(await spawner().spawner.plan(input('Try it')));
    expect(plan.commands.at(-1)).toContain('claude -n feature/try-it');
    expect(await state()).toEqual(before);
  });

  it('prints commands that make the same by hand', async () => {
    const { git, root, spawner, write, env } = await createSpawnSandbox();
    await write(join(root, '.gitignore'), '.env*\n.claude/\n');
    await git(root, 'add', '.gitignore');
    await git(root, 'commit', '-qm', 'ignore');
    await write(join(root, '.env.local'), 'secret');
    await write(join(root, 'apps/it’s $HOME/.env.local'), 'nested');
    await write(join(root, '.claude/commands/a b.md'), 'command');
    const plan = value(await spawner().spawner.plan(input('By hand')));
    for (const line of plan.commands.slice(0, -1)) await run('/bin/sh', ['-c', line], { env });
    expect(await git(plan.path, 'symbolic-ref', '--short', 'HEAD')).toBe('feature/by-hand');
    expect(await readFile(join(plan.path, 'apps/it’s $HOME/.env.local'), 'utf8')).toBe('nested');
    expect(await readFile(join(plan.path, '.claude/commands/a b.md'), 'utf8')).toBe('command');
    expect(await readFile(join(plan.path, '.env.local'), 'utf8')).toBe('secret');
  });

  it('leaves the session out of the record when no terminal opens, and says so', async () => {
    const { spawner, location } = await createSpawnSandbox();
    const { spawner: spawning, records } = spawner({
      opens: async () => ({ ok: false, error: { kind: 'no-terminal', tried: ['xterm'] } }),
    });
    const done = value(await spawning.execute(yes(value(await spawning.plan(input('No terminal'))))));
    expect(done).toMatchObject({ opened: null, commands: [expect.stringContaining('claude')] });
    expect(done.warnings).toContain('No terminal could be opened; run the command yourself.');
    expect((await records.list(location))[0]?.sessionId).toBeNull();
  });

  it.each([
    ['spaces and quotes', 'Say "it’s $HOME" & `whoami`', 'say-its-home-whoami'],
    ['line breaks', 'First line\nsecond $(touch pwned) line', 'first-line-second-touch-pwned-line'],
    ['an emoji', '🚀 Ship 🚢', 'ship'],
    ['a leading dash', '--upload-pack=touch pwned', 'upload-pack-touch-pwned'],
    ['two hundred letters', 'x'.repeat(200), 'x'.repeat(40)],
    ['accents', 'Ärger mit Straße und Żółw', 'arger-mit-strasse-und-zolw'],
    ['a device of Windows', 'CON', 'con-task'],
  ])('takes a task with %s', async (_, task, slug) => {
    const { spawner, git } = await createSpawnSandbox('pro ject');
    const { spawner: spawning, opened } = spawner();
    const plan = value(await spawning.plan(input(task)));
    expect(plan.name).toBe(slug);
    value(await spawning.execute(yes(plan)));
    expect(await git(plan.path, 'branch', '--show-current')).toBe(`feature/${slug}`);
    const prompt = opened[0]?.command?.at(-1) ?? '';
    expect(prompt).toBe(task.startsWith('-') ? `Task: ${task}` : task);
  });

  it('names a task without letters after the time', async () => {
    const { spawner } = await createSpawnSandbox();
    expect(value(await spawner().spawner.plan(input('🚀🚀')))).toMatchObject({
      name: expect.stringMatching(/^task-\d{8}-\d{6}$/),
    });
  });

  it('works in repositories with unusual names', async () => {
    const { spawner, git, parent } = await createSpawnSandbox('-ein „Name“ $(x) 🌳');
    const { spawner: spawning } = spawner();
    const plan = value(await spawning.plan(input('Go on')));
    expect(basename(plan.path)).toBe('-ein „Name“ $(x) 🌳-wt-go-on');
    value(await spawning.execute(yes(plan)));
    expect(await git(join(parent, basename(plan.path)), 'branch', '--show-current')).toBe('feature/go-on');
  });

  it('quick needs no task, and two at the same moment get names of their own', async () => {
    const { spawner } = await createSpawnSandbox();
    const { spawner: spawning, opened, records, deps } = spawner();
    const one = value(await spawning.plan(input('', { quick: true })));
    value(await spawning.execute(yes(one)));
    const two = value(await spawning.plan(input('', { quick: true })));
    value(await spawning.execute(yes(two)));
    expect(one.name).toMatch(/^quick-\d{8}-\d{6}$/);
    expect(two.name).not.toBe(one.name);
    expect(opened[0]?.command).toHaveLength(5);
    const location = deps.repositories.find(one.repositoryId)?.location;
    expect(location && (await records.list(location)).map((record) => record.quick)).toEqual([true, true]);
  });

  it('spawns from a bare repository with worktrees, beside it', async () => {
    const { git, root, parent, env, emptyDirectory, write } = await createSpawnSandbox();
    const bare = join(parent, 'tools.git');
    await git(parent, 'clone', '-q', '--bare', root, bare);
    await git(bare, 'worktree', 'add', '-q', join(parent, 'tools-main'), 'main');
    await write(join(parent, 'tools-main', '.env.local'), 'from the worktree of HEAD');
    const { spawner } = createTestSpawner({ location: locationOf(bare, true), env, emptyDirectory });
    const plan = value(await spawner.plan(input('In a bare one')));
    expect(plan.path).toBe(join(parent, 'tools-wt-in-a-bare-one'));
    value(await spawner.execute(yes(plan)));
    expect(await readFile(join(plan.path, '.env.local'), 'utf8')).toBe('from the worktree of HEAD');
  });

  it('warns about submodules and a fifth live session', async () => {
    const { git, root, spawner, write } = await createSpawnSandbox();
    await write(join(root, '.gitmodules'), '[submodule "x"]\n\tpath = x\n\turl = ./x\n');
    await git(root, 'add', '.gitmodules');
    await git(root, 'commit', '-qm', 'submodule');
    const plan = value(await spawner({ liveSessions: 4 }).spawner.plan(input('Warned')));
    expect(plan.warnings).toEqual([
      expect.stringContaining('4 sessions are live'),
      expect.stringContaining('Submodules stay empty'),
    ]);
  });
});

describe('copies', () => {
  it('brings configuration over, never links it, never takes more', async () => {
    const { git, root, parent, spawner, write, location } = await createSpawnSandbox();
    await write(
      join(root, '.gitignore'),
      '.env*\n!.env.example\nnode_modules/\n*.local.json\nbuild/\nsecrets/\n.dev.vars\n',
    );
    await write(join(root, '.env.example'), 'tracked');
    await write(join(root, '.claude/tracked.md'), 'tracked');
    await write(join(root, '.worktreeinclude'), 'secrets/*.pem\nREADME.md\nuntracked.txt\nlinked\n');
    await write(join(root, '.orchard.json'), JSON.stringify({ copy: ['node_modules/', '!nothing'] }));
    await git(root, 'add', '-A');
    await git(root, 'commit', '-qm', 'configuration');
    await write(join(root, '.env.local'), 'A=1');
    await chmod(join(root, '.env.local'), 0o600);
    await write(join(root, 'apps/web/.env.production.local'), 'B=2');
    await write(join(root, 'worker/.dev.vars'), 'C=3');
    await write(join(root, 'CLAUDE.md'), 'untracked rules');
    await write(join(root, 'nested/CLAUDE.md'), 'not at the root');
    await write(join(root, '.claude/settings.local.json'), '{}');
    await write(join(root, '.claude/new command.md'), 'untracked, not ignored');
    await write(join(root, '.claude/worktrees/left/over.txt'), 'never');
    await git(root, 'worktree', 'add', '-q', join(root, '.claude/worktrees/inner'), '-b', 'inner');
    await write(join(root, 'untracked.txt'), 'matches but is not ignored');
    await write(join(root, 'secrets/a.pem'), 'pem');
    await write(join(root, 'secrets/other'), 'no');
    await write(join(root, 'build/out'), 'no');
    await write(join(root, 'node_modules/pkg/cli.js'), 'code');
    await write(join(root, 'node_modules/pkg/.env'), 'inside');
    await mkdir(join(root, 'node_modules/.bin'));
    await symlink('../pkg/cli.js', join(root, 'node_modules/.bin/pkg'));
    await write(join(parent, 'elsewhere/agents/one.md'), 'agent');
    await symlink(join(parent, 'elsewhere/agents'), join(root, '.claude/agents'));
    await write(join(parent, 'elsewhere/env'), 'linked env');
    await symlink(join(parent, 'elsewhere/env'), join(root, '.env.test'));

    const { spawner: spawning, records } = spawner();
    const plan = value(await spawning.plan(input('Copy')));
    expect(plan.copies).toEqual([
      '.claude/agents',
      '.claude/new command.md',
      '.claude/settings.local.json',
      '.env.local',
      '.env.test',
      'CLAUDE.md',
      'apps/web/.env.production.local',
      'node_modules/',
      'secrets/a.pem',
      'worker/.dev.vars',
    ]);
    value(await spawning.execute(yes(plan)));
    const there = (path: string) => join(plan.path, path);
    expect(await readFile(there('.env.local'), 'utf8')).toBe('A=1');
    expect((await stat(there('.env.local'))).mode & 0o777).toBe(0o600);
    expect((await lstat(there('.env.test'))).isSymbolicLink()).toBe(false);
    expect(await readFile(there('.env.test'), 'utf8')).toBe('linked env');
    expect((await lstat(there('.claude/agents'))).isSymbolicLink()).toBe(false);
    expect(await readFile(there('.claude/agents/one.md'), 'utf8')).toBe('agent');
    expect(await readFile(there('node_modules/.bin/pkg'), 'utf8')).toBe('code');
    for (const absent of ['.claude/worktrees', 'build', 'secrets/other', 'untracked.txt', 'nested'])
      await expect(lstat(there(absent))).rejects.toThrow('ENOENT');
    const [record] = await records.list(location);
    expect(Object.keys(record?.copies ?? {})).toContain('.claude/agents/one.md');
    expect(record?.copies['.env.local']).toBe(createHash('sha256').update('A=1').digest('hex'));
    expect(Object.keys(record?.copies ?? {}).filter((path) => path.startsWith('node_modules'))).toEqual([]);
  });

  it('never overwrites what the branch has, and never follows its links out of the worktree', async () => {
    const { git, root, parent, spawner, write } = await createSpawnSandbox();
    await mkdir(join(parent, 'victim'));
    await git(root, 'checkout', '-q', '-b', 'trap');
    await write(join(root, '.env.local'), 'of the branch');
    await symlink(join(parent, 'victim'), join(root, '.claude'));
    await git(root, 'add', '-A');
    await git(root, 'commit', '-qm', 'trap');
    await git(root, 'checkout', '-q', 'main');
    await write(join(root, '.env.local'), 'mine');
    await write(join(root, '.claude/settings.local.json'), 'mine');
    const { spawner: spawning } = spawner();
    const plan = value(await spawning.plan(input('Trapped', { base: 'trap' })));
    value(await spawning.execute(yes(plan)));
    expect(await readFile(join(plan.path, '.env.local'), 'utf8')).toBe('of the branch');
    await expect(lstat(join(parent, 'victim/settings.local.json'))).rejects.toThrow('ENOENT');
  });
});

describe('setup and hooks', () => {
  it('asks before it runs a command of the repository, shows its output, and asks again after a change', async () => {
    const { root, spawner, write } = await createSpawnSandbox();
    await write(
      join(root, '.orchard.json'),
      JSON.stringify({ setup: 'echo "in $ORCHARD_BRANCH" && pwd > set-up' }),
    );
    const { spawner: spawning, events } = spawner();
    const plan = value(await spawning.plan(input('Set up')));
    expect(plan.refusal).toEqual({
      kind: 'approval-needed',
      commands: [{ purpose: 'setup', text: 'echo "in $ORCHARD_BRANCH" && pwd > set-up' }],
    });
    expect(await spawning.execute(yes(plan))).toMatchObject({
      ok: false,
      error: { kind: 'approval-needed' },
    });
    value(await spawning.execute({ ...yes(plan), approve: true }));
    expect(await readFile(join(plan.path, 'set-up'), 'utf8')).toBe(`${plan.path}\n`);
    const output = events.flatMap(({ change }) => (change.type === 'output' ? [change.text] : [])).join('');
    expect(output).toContain('in feature/set-up');

    expect(value(await spawning.plan(input('Again'))).refusal).toBeNull();
    await write(join(root, '.orchard.json'), JSON.stringify({ setup: 'echo changed' }));
    expect(value(await spawning.plan(input('Changed'))).refusal).toMatchObject({ kind: 'approval-needed' });
  });

  it('runs no hook of the repository without approval, and each with it', async () => {
    const { git, root, parent, spawner, script, state } = await createSpawnSandbox();
    const mark = join(parent, '..', 'ran');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change'])
      await script(join(root, '.husky', hook), `#!/bin/sh\necho ${hook} >> '${mark}'\n`);
    await git(root, 'add', '-A');
    await git(root, 'commit', '-qm', 'hooks');
    await git(root, 'config', 'core.hooksPath', '.husky');
    const before = await state();
    const { spawner: spawning } = spawner();
    const plan = value(await spawning.plan(input('Hooked')));
    expect(plan.refusal).toMatchObject({
      kind: 'approval-needed',
      commands: [
        {
          purpose: 'hook',
          text: `.husky/reference-transaction:\n#!/bin/sh\necho reference-transaction >> '${mark}'\n`,
        },
        { purpose: 'hook', text: expect.stringContaining('.husky/post-checkout') },
        { purpose: 'hook', text: expect.stringContaining('.husky/post-index-change') },
      ],
    });
    expect(await spawning.execute(yes(plan))).toMatchObject({
      ok: false,
      error: { kind: 'approval-needed' },
    });
    await expect(lstat(mark)).rejects.toThrow('ENOENT');
    expect(await state()).toEqual(before);
    value(await spawning.execute({ ...yes(plan), approve: true }));
    const ran = await readFile(mark, 'utf8');
    expect(ran).toContain('reference-transaction');
    expect(ran).toContain('post-checkout');
  });

  it('finds hooks that only the chosen base has', async () => {
    const { git, root, spawner, script } = await createSpawnSandbox();
    await git(root, 'config', 'core.hooksPath', '.husky');
    await git(root, 'checkout', '-q', '-b', 'other');
    await script(join(root, '.husky/post-checkout'), '#!/bin/sh\nexit 0\n');
    await script(join(root, '.husky/pre-commit'), '#!/bin/sh\nexit 0\n');
    await git(root, '-c', 'core.hooksPath=/dev/null', 'add', '-A');
    await git(root, '-c', 'core.hooksPath=/dev/null', 'commit', '-qm', 'hooks');
    await git(root, '-c', 'core.hooksPath=/dev/null', 'checkout', '-q', 'main');
    const plan = value(await spawner().spawner.plan(input('Look', { base: 'other' })));
    expect(plan.hooks).toEqual([
      { approved: false, command: { purpose: 'hook', text: '.husky/post-checkout:\n#!/bin/sh\nexit 0\n' } },
    ]);
  });

  it('runs the person’s own hooks, and says which', async () => {
    const { root, spawner, script, parent } = await createSpawnSandbox();
    const mark = join(parent, '..', 'own');
    await script(join(root, '.git/hooks/post-checkout'), `#!/bin/sh\necho ran > '${mark}'\n`);
    const { spawner: spawning } = spawner();
    const plan = value(await spawning.plan(input('Own hook')));
    expect(plan).toMatchObject({ refusal: null, hooks: [] });
    expect(plan.steps[0]).toContain(join(root, '.git/hooks/post-checkout'));
    value(await spawning.execute(yes(plan)));
    expect(await readFile(mark, 'utf8')).toBe('ran\n');
  });
});

describe('limits', () => {
  it('lets four spawn freely; the fifth needs force, whatever else is said', async () => {
    const { git, root, parent, spawner } = await createSpawnSandbox();
    for (const name of ['a', 'b', 'c', 'd'])
      await git(root, 'worktree', 'add', '-q', join(parent, `w-${name}`), '-b', name);
    const { spawner: spawning } = spawner();
    const plan = value(await spawning.plan(input('Fifth')));
    expect(plan.refusal).toEqual({ kind: 'too-many-worktrees', count: 4, limit: 4 });
    expect(plan.refusal && describeFailure(plan.refusal).message).toContain(
      '4 worktrees beside the main one',
    );
    expect(await spawning.execute({ ...yes(plan), approve: true })).toMatchObject({
      ok: false,
      error: { kind: 'too-many-worktrees' },
    });
    value(await spawning.execute({ ...yes(plan), force: true }));
    expect(await git(plan.path, 'branch', '--show-current')).toBe('feature/fifth');
  });
});
