import { execFile } from 'node:child_process';
import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { isRunning } from '../support/is-running';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { needsBuild, orch, startOrch } from '../support/run-orch';

beforeEach(needsBuild);

async function setUp() {
  const sandbox = await createSandbox();
  const project = await sandbox.repository('project');
  const where = (cwd = project) => ({ cwd, env: sandbox.env });
  const run = (...arguments_: string[]) => orch(where(), ...arguments_);
  const json = async (...arguments_: string[]) => JSON.parse((await run(...arguments_, '--json')).out);
  const state = async () => [
    await sandbox.git(project, 'worktree', 'list', '--porcelain'),
    await sandbox.git(project, 'for-each-ref', 'refs/heads'),
    (await readdir(sandbox.root)).sort(),
  ];
  return { ...sandbox, project, where, run, json, state };
}

test('spawn makes a worktree for a task, with the personal files, and says what to run', async () => {
  const { json, run, write, project, git, root } = await setUp();
  await write(join(project, '.gitignore'), '.env.local\n');
  await git(project, 'add', '.gitignore');
  await git(project, 'commit', '-q', '-m', 'ignore');
  await write(join(project, '.env.local'), 'SECRET=1\n');
  const path = join(root, 'project-wt-fix-the-footer');
  const done = await json('spawn', 'Fix the footer', '--no-open');
  expect(done).toMatchObject({
    worktree: {
      name: 'project-wt-fix-the-footer',
      path,
      branch: 'feature/fix-the-footer',
      base: 'main',
      task: 'Fix the footer',
      isMain: false,
    },
    opened: null,
  });
  expect(done.commands.join('\n')).toContain('claude -n feature/fix-the-footer');
  expect(await readFile(join(path, '.env.local'), 'utf8')).toBe('SECRET=1\n');
  // It can be named by its task from now on.
  expect((await run('open', 'fix-the-footer', '--print')).out).toContain(path);
  const again = await run('spawn', 'Fix the footer', '--no-open', '--json');
  expect(again.code).toBe(1);
  expect(JSON.parse(again.out)).toMatchObject({ error: { kind: 'branch-exists' } });
});

test('--print makes nothing, and what it prints makes the same when a shell runs it', async () => {
  const { run, state, root, env, git } = await setUp();
  const before = await state();
  const { code, out } = await run('spawn', "It's $(touch owned) a `test`", '--print');
  expect(code).toBe(0);
  expect(await state()).toEqual(before);
  expect(out).toContain(`'It'\\''s $(touch owned) a \`test\`'`);
  // A `claude` that says what it was told stands for the real one.
  const told = join(root, 'told');
  const script = `claude() { printf '%s\\n' "$@" > ${told}; }\n${out}`;
  await promisify(execFile)('sh', ['-euc', script], { cwd: root, env });
  const path = join(root, 'project-wt-its-touch-owned-a-test');
  expect(await git(path, 'branch', '--show-current')).toBe('feature/its-touch-owned-a-test');
  expect(await readFile(told, 'utf8')).toContain("\nIt's $(touch owned) a `test`\n");
  expect((await readdir(root)).concat(await readdir(path))).not.toContain('owned');
});

test('four spawn freely; the fifth takes --force, and no --yes', async () => {
  const { run, json } = await setUp();
  for (const task of ['one', 'two', 'three', 'four'])
    expect((await run('spawn', task, '--no-open')).code).toBe(0);
  const fifth = await run('spawn', 'five', '--no-open', '--json');
  expect(fifth.code).toBe(1);
  expect(JSON.parse(fifth.out).error).toMatchObject({ kind: 'too-many-worktrees', count: 4, limit: 4 });
  expect((await run('spawn', 'five', '--no-open', '--yes')).code).toBe(2);
  expect((await json('spawn', 'five', '--no-open', '--force')).worktree.name).toBe('project-wt-five');
});

test('a repository’s setup runs only when exactly its text was approved', async () => {
  const { run, write, project, root, state } = await setUp();
  await write(join(project, '.orchard.json'), '{"setup": "echo ran > setup-ran"}');
  const before = await state();
  const refused = await run('spawn', 'x', '--no-open', '--json');
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.out).error).toMatchObject({
    kind: 'approval-needed',
    commands: [{ purpose: 'setup', text: 'echo ran > setup-ran' }],
  });
  expect(await state()).toEqual(before);
  const mark = /--approve ([0-9a-f]{12})/.exec(refused.err)?.[1] ?? '';
  expect((await run('spawn', 'x', '--no-open', '--approve', mark)).code).toBe(0);
  expect(await readFile(join(root, 'project-wt-x/setup-ran'), 'utf8')).toBe('ran\n');
  // Asked once; another text is asked again, and the old approval does not fit it.
  expect((await run('spawn', 'y', '--no-open')).code).toBe(0);
  await write(join(project, '.orchard.json'), '{"setup": "echo other > setup-ran"}');
  expect((await run('spawn', 'z', '--no-open', '--approve', mark)).code).toBe(1);
});

test('merge: planned, refused without a yes, landed with one, and taken back', async () => {
  const { run, json, project, root, git, commit } = await setUp();
  await run('spawn', 'login', '--no-open');
  const login = join(root, 'project-wt-login');
  const work = await commit(login, { 'login.txt': 'login\n' }, 'login work');
  const before = await git(project, 'rev-parse', 'main');

  const dry = await json('merge', 'login', '--dry-run');
  expect(dry.plan).toMatchObject({ conflicts: [], losses: [], collisions: [], refusal: null });
  expect(dry.plan.token).toMatch(/^[0-9a-f]{32}$/);
  expect(dry.plan.steps.length).toBeGreaterThan(0);

  const refused = await run('merge', 'login', '--json');
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.out)).toMatchObject({ error: { kind: 'needs-confirmation' } });
  expect(await git(project, 'rev-parse', 'main')).toBe(before);

  const landed = await json('merge', 'login', '--yes');
  expect(landed).toMatchObject({ landed: { base: 'main', sha: await git(project, 'rev-parse', 'main') } });
  expect(await git(project, 'merge-base', '--is-ancestor', work, 'main')).toBe('');
  expect((await json('undo', '--list')).operations).toMatchObject([{ operation: landed.operation }]);
  expect((await run('undo', landed.operation)).code).toBe(0);
  expect(await git(project, 'rev-parse', 'main')).toBe(before);
});

test('a plan outlives the process that made it, and only exactly that plan is executed', async () => {
  const { run, json, project, root, git, commit } = await setUp();
  await run('spawn', 'login', '--no-open');
  const login = join(root, 'project-wt-login');
  await commit(login, { 'login.txt': 'login\n' });
  const { token } = (await json('merge', 'login', '--dry-run')).plan;
  await commit(login, { 'more.txt': 'more\n' });
  const outdated = await run('merge', '--plan', token, '--json');
  expect(outdated.code).toBe(1);
  expect(JSON.parse(outdated.out).error.kind).toBe('plan-outdated');
  const fresh = (await json('merge', 'login', '--dry-run')).plan.token;
  expect((await run('merge', '--plan', fresh)).code).toBe(0);
  expect(await git(project, 'show', 'main:more.txt')).toBe('more');
  const unknown = await run('merge', '--plan', 'f'.repeat(32), '--json');
  expect(unknown.code).toBe(1);
  expect(JSON.parse(unknown.out)).toMatchObject({ error: { kind: 'not-found' } });
});

test('cleanup: what would be lost is said, an abandoned one needs a reason, and undo brings all back', async () => {
  const { run, json, root, git, commit, write, project } = await setUp();
  await run('spawn', 'login', '--no-open');
  const login = join(root, 'project-wt-login');
  const head = await commit(login, { 'login.txt': 'login\n' });
  await write(join(login, 'loose.txt'), 'only here\n');
  const refused = await run('cleanup', 'login', '--yes', '--json');
  expect(refused.code).toBe(1);
  expect(['not-merged', 'unsaved-work']).toContain(JSON.parse(refused.out).error.kind);
  expect((await stat(login)).isDirectory()).toBe(true);

  const { plan } = await json('cleanup', 'login', '--abandon', 'a dead end', '--dry-run');
  expect(plan.losses.join('\n')).toContain('loose.txt');
  const done = await json('cleanup', 'login', '--abandon', 'a dead end', '--yes');
  expect(done).toMatchObject({ landed: null, removed: login });
  expect(await readdir(root)).not.toContain('project-wt-login');
  expect(await git(project, 'branch', '--list', 'feature/login')).toBe('');

  expect((await run('undo')).code).toBe(0);
  expect(await readFile(join(login, 'loose.txt'), 'utf8')).toBe('only here\n');
  expect(await git(login, 'rev-parse', 'HEAD')).toBe(head);
  expect(await git(login, 'status', '--porcelain')).toBe('?? loose.txt');
});

test('Ctrl+C while validating takes the merge back and leaves no process', async () => {
  const { run, where, project, root, git, commit, write } = await setUp();
  await run('spawn', 'login', '--no-open');
  await commit(join(root, 'project-wt-login'), { 'login.txt': 'login\n' });
  await write(
    join(project, '.orchard.json'),
    '{"validate": ["echo $$ > ../validating; echo validating; sleep 300; true"]}',
  );
  const refused = await run('merge', 'login', '--yes');
  const mark = /--approve ([0-9a-f]{12})/.exec(refused.err)?.[1] ?? '';
  const before = await git(project, 'for-each-ref', 'refs/heads');
  const running = startOrch(['merge', 'login', '--yes', '--approve', mark, '--json'], where());
  await poll(running.err, (text) => text.includes('      validating'), {
    what: 'the validation',
    limitMs: 20_000,
  });
  running.child.kill('SIGINT');
  const { code, out } = await running.ended;
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ error: { kind: 'cancelled' } });
  const pid = Number(await readFile(join(root, 'validating'), 'utf8'));
  expect(isRunning(pid)).toBe(false);
  expect(await git(project, 'for-each-ref', 'refs/heads')).toBe(before);
  // The lock is free again.
  expect((await run('merge', 'login', '--skip-validation', '--yes')).code).toBe(0);
});

test('rebase plans, brings the base in, and undo takes it back; a plan of the other kind is none', async () => {
  const { run, json, commit, git, project, root, worktree } = await setUp();
  const path = await worktree(project, join(root, 'project-wt-login'), 'feature/login');
  await commit(path, { 'login.txt': 'one\n' });
  await commit(project, { 'moved.txt': 'on\n' });
  const tip = await git(path, 'rev-parse', 'HEAD');
  const { plan } = await json('rebase', 'project-wt-login', '--dry-run');
  expect(plan).toMatchObject({
    branch: 'feature/login',
    base: 'main',
    update: 'rebase',
    refusal: null,
    approval: [],
    files: [{ path: 'login.txt', added: 1, removed: 0 }],
  });
  expect(await git(path, 'rev-parse', 'HEAD')).toBe(tip);
  const other = (await json('merge', 'project-wt-login', '--dry-run')).plan;
  const wrong = await run('rebase', '--plan', other.token, '--json');
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.out).error).toMatchObject({ kind: 'not-found', what: 'plan' });
  const unasked = await run('rebase', 'project-wt-login', '--json');
  expect(JSON.parse(unasked.out).error.kind).toBe('needs-confirmation');
  const done = await json('rebase', '--plan', plan.token);
  expect(done).toMatchObject({ landed: null, removed: null });
  expect(await git(path, 'rev-parse', 'HEAD~1')).toBe(await git(project, 'rev-parse', 'main'));
  expect((await run('undo', done.operation)).code).toBe(0);
  expect(await git(path, 'rev-parse', 'HEAD')).toBe(tip);
  expect((await run('rebase', 'project-wt-login', '--yes')).code).toBe(0);
  expect((await json('rebase', 'project-wt-login', '--yes')).error.kind).toBe('nothing-to-merge');
});

test('a refusal for want of approval carries what --approve wants, for each verb', async () => {
  const { run, json, commit, git, project, root, worktree, write } = await setUp();
  const config = { setup: 'true', validate: ['true && true', 'true || true'], teardown: 'true; true' };
  await write(join(project, '.orchard.json'), JSON.stringify(config));
  await write(join(project, '.git/info/exclude'), '.orchard.json\n');
  const printed = await json('spawn', 'Asked', '--print');
  expect(printed.plan.approval).toEqual([
    { fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/), text: 'true', why: expect.any(String) },
  ]);
  const spawned = await json('spawn', 'Asked', '--no-open');
  expect(spawned.error.approval).toEqual(printed.plan.approval);
  const mark = spawned.error.approval[0].fingerprint;
  expect((await run('spawn', 'Asked', '--no-open', '--approve', mark)).code).toBe(0);
  const path = await worktree(project, join(root, 'project-wt-login'), 'feature/login');
  await commit(path, { 'login.txt': 'one\n' });
  const { plan } = await json('merge', 'project-wt-login', '--dry-run');
  expect(plan.approval.map(({ text }: { text: string }) => text)).toEqual(config.validate);
  const refused = await json('merge', 'project-wt-login', '--yes');
  expect(refused.error).toMatchObject({ kind: 'approval-needed', approval: plan.approval });
  const [one, two] = plan.approval.map((entry: { fingerprint: string }) => entry.fingerprint);
  const half = await json('merge', 'project-wt-login', '--yes', '--approve', one);
  expect(half.error.kind).toBe('approval-needed');
  const merged = await run('merge', 'project-wt-login', '--yes', '--approve', one, '--approve', two);
  expect(merged.code).toBe(0);
  const cleanup = (await json('cleanup', 'project-wt-login', '--dry-run')).plan;
  expect(cleanup.approval).toMatchObject([{ text: 'true; true' }]);
  const cleaned = await run(
    'cleanup',
    'project-wt-login',
    '--yes',
    '--approve',
    cleanup.approval[0].fingerprint,
  );
  expect(cleaned.code).toBe(0);
  await write(join(project, '.husky/reference-transaction'), '#!/bin/sh\nexit 0\n');
  await chmod(join(project, '.husky/reference-transaction'), 0o755);
  await git(project, 'add', '-A');
  await git(project, 'commit', '-q', '-m', 'hooks');
  await git(project, 'config', 'core.hooksPath', '.husky');
  const { plan: rebase } = await json('rebase', 'asked', '--dry-run');
  expect(rebase.approval).toMatchObject([{ text: expect.stringContaining('.husky/reference-transaction') }]);
});
