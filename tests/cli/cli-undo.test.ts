import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { exists } from '../../src-main/system/small-reads';
import { createSandbox, type Sandbox } from '../support/repositories';
import { needsBuild, orch, orchFile } from '../support/run-orch';

beforeEach(needsBuild);

async function setUp() {
  const sandbox = await createSandbox();
  const project = await sandbox.repository('my project');
  const elsewhere = join(sandbox.root, 'elsewhere');
  await mkdir(elsewhere);
  const worktree = await merged(sandbox, project, 'login');
  const run = (cwd: string, ...arguments_: string[]) => orch({ cwd, env: sandbox.env }, ...arguments_);
  return { ...sandbox, sandbox, project, elsewhere, login: worktree, run };
}

async function merged(sandbox: Sandbox, project: string, name: string): Promise<string> {
  const worktree = await sandbox.worktree(project, join(sandbox.root, `wt-${name}`), `feature/${name}`);
  await sandbox.commit(worktree, { [`${name}.txt`]: `${name}\n` });
  await sandbox.git(project, 'merge', '-q', `feature/${name}`);
  return worktree;
}

/** Runs the printed line as a shell there would. */
async function typed(line: string, cwd: string, env: NodeJS.ProcessEnv, before = ''): Promise<string> {
  const script = `${before}\norch() { ${process.execPath} ${orchFile} "$@"; }\n${line}`;
  return (await promisify(execFile)('sh', ['-c', script], { cwd, env })).stdout;
}
const undoLineIn = (out: string): string => /To take it back: (.*)/.exec(out)?.[1] ?? 'false';

test('the undo line is true where it is printed: inside, outside, and from the directory that went', async () => {
  const { run, project, login: worktree, elsewhere, env } = await setUp();
  for (const [cwd, name] of [
    [project, 'feature/login'],
    [elsewhere, worktree],
    [worktree, '.'],
  ] as const) {
    const done = await run(cwd, 'cleanup', name, '--yes');
    expect(done).toMatchObject({ code: 0 });
    expect(await exists(worktree)).toBe(false);
    // A shell that was in it stays in it, and is in trash then.
    const operation = /cleanup-[0-9a-f-]+/.exec(done.out)?.[0] ?? '';
    const here = cwd === worktree ? join(project, '.git/orchard/trash', operation, 'worktree') : cwd;
    expect(await typed(undoLineIn(done.out), here, env)).toContain('in my project.');
    expect(await exists(worktree)).toBe(true);
  }
});

test('outside of a repository undo lists and asks; it never takes the newest of all', async () => {
  const s = await setUp();
  const { operation } = JSON.parse(
    (await s.run(s.project, 'cleanup', 'feature/login', '--yes', '--json')).out,
  );
  await s.run(s.project, 'repo', 'add', '.');
  const asked = await s.run(s.elsewhere, 'undo', '--json');
  expect(asked.code).toBe(2);
  expect(JSON.parse(asked.out).error).toMatchObject({
    kind: 'ambiguous',
    candidates: [expect.stringContaining(operation)],
  });
  expect(asked.err).toContain('my project');
  expect(await exists(s.login)).toBe(false);
  const done = await s.run(s.elsewhere, 'undo', operation, '--json');
  expect(JSON.parse(done.out)).toMatchObject({ operation, repository: 'my project', remoteBranch: null });
  expect(await exists(s.login)).toBe(true);
});

test('from a directory that is in trash every command says so, and undo works', async () => {
  const s = await setUp();
  const other = await merged(s.sandbox, s.project, 'other');
  const { operation } = JSON.parse(
    (await s.run(s.project, 'cleanup', 'feature/login', '--yes', '--json')).out,
  );
  // Newer, and not the one that is meant.
  await s.run(s.project, 'cleanup', other, '--yes');
  const here = join(s.project, '.git/orchard/trash', operation, 'worktree', 'src');
  for (const command of ['monitor', 'merge', 'cleanup', 'doctor']) {
    const { code, out } = await s.run(here, command, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out).error).toMatchObject({
      kind: 'directory-in-trash',
      operation,
      next: expect.stringContaining(`orch undo ${operation}`),
    });
  }
  expect((await s.run(here, 'undo')).out).toContain(`Took back ${operation} in my project.`);
  expect([await exists(s.login), await exists(other)]).toEqual([true, false]);
});

test('a current directory that is gone is its own sentence for every command', async () => {
  const s = await setUp();
  const gone = join(s.root, 'gone');
  for (const command of ['status', 'monitor', 'merge', 'undo', 'doctor', 'repo list']) {
    await mkdir(gone);
    const line = `orch ${command} --json; true`;
    const out = await typed(line, gone, s.env, `rmdir '${gone}'`);
    const { error } = JSON.parse(out);
    expect([command, error.kind]).toEqual([
      command,
      command === 'undo' ? 'nothing-to-undo' : 'directory-gone',
    ]);
    await rm(gone, { recursive: true, force: true });
  }
});

test('a branch that was deleted on its remote is offered back, by the option or the printed command', async () => {
  const s = await setUp();
  await s.git(s.root, 'init', '-q', '--bare', 'origin.git');
  await s.git(s.project, 'remote', 'add', 'origin', join(s.root, 'origin.git'));
  await s.git(s.project, 'push', '-q', 'origin', 'main');
  await s.git(s.login, 'push', '-q', '-u', 'origin', 'feature/login');
  const there = () => s.git(join(s.root, 'origin.git'), 'branch', '--list', 'feature/login');
  const before = await there();
  for (const option of [[], ['--restore-remote']]) {
    expect((await s.run(s.project, 'cleanup', 'feature/login', '--yes', '--delete-remote')).code).toBe(0);
    expect(await there()).toBe('');
    const done = await s.run(s.project, 'undo', ...option);
    expect(done.code).toBe(0);
    if (option.length === 0) {
      const line = /^ {2}(git -C .*)$/m.exec(done.out)?.[1] ?? 'false';
      expect(await there()).toBe('');
      await typed(line, s.elsewhere, s.env);
    }
    expect(await there()).toBe(before);
  }
});
