import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { needsBuild, orch, startOrch } from '../support/run-orch';

beforeEach(needsBuild);

async function setUp() {
  const sandbox = await createSandbox();
  const project = await sandbox.repository('project');
  const login = await sandbox.worktree(project, join(sandbox.root, 'project-wt-login'), 'feature/login');
  const inside = (cwd: string) => ({ cwd, env: sandbox.env });
  return { ...sandbox, project, login, inside };
}

test('status is one line and its counts', async () => {
  const { project, inside } = await setUp();
  expect(await orch(inside(project), 'status')).toEqual({ code: 0, out: 'no sessions\n', err: '' });
  const { out } = await orch(inside(project), 'status', '--json');
  expect(JSON.parse(out)).toEqual({
    line: 'no sessions',
    needsYou: 0,
    working: 0,
    done: 0,
    worktrees: 2,
    repositories: 1,
  });
});

test('monitor --json says what git says, and looking changes nothing in the repository', async () => {
  const { project, login, inside, git, write, commit } = await setUp();
  const head = await commit(login, { 'new.txt': 'new\n' }, 'more work');
  await write(join(login, 'src/one.txt'), 'changed\n');
  await write(join(login, 'loose.txt'), 'x');
  const state = async () => [
    await git(project, 'for-each-ref'),
    await git(project, 'status', '--porcelain=v2'),
    await readFile(join(project, '.git/index'), 'base64'),
    await readFile(join(project, '.git/worktrees/project-wt-login/index'), 'base64'),
    (await readdir(join(project, '.git'))).sort(),
  ];
  const before = await state();
  const { code, out, err } = await orch(inside(login), 'monitor', '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const document = JSON.parse(out);
  expect(new Date(document.takenAt).toISOString()).toBe(document.takenAt);
  expect(document.repositories).toMatchObject([
    {
      name: 'project',
      root: project,
      base: 'main',
      worktrees: [
        { name: 'project', path: project, branch: 'main', isMain: true, missing: false },
        {
          name: 'project-wt-login',
          path: login,
          branch: 'feature/login',
          isMain: false,
          base: 'main',
          head,
          lastCommit: { sha: head, subject: 'more work' },
          ahead: 1,
          behind: 0,
          changes: { staged: 0, changed: 1, untracked: 1, conflicted: 0 },
          activity: 'active',
          merged: null,
          locked: false,
          sessions: [],
        },
      ],
    },
  ]);
  expect(await state()).toEqual(before);
});

test('the table in a pipe is the skill’s, plain', async () => {
  const { project, inside } = await setUp();
  const { out } = await orch(inside(project), 'monitor');
  expect(out).toMatch(/^## Active Sessions\n\n\| # \| Worktree +\| Branch +\| Last Commit +\| Status +\|/);
  expect(out).toMatch(/\n\| 2 \| project-wt-login \| feature\/login \| .* \| Active /);
  expect(out).not.toContain('\u001b');
});

test('outside of every repository, what is known everywhere is shown', async () => {
  const { project, home, inside } = await setUp();
  expect((await orch(inside(home), 'monitor')).out).toContain('No repository yet');
  expect((await orch(inside(home), 'repo', 'add', project)).code).toBe(0);
  expect(JSON.parse((await orch(inside(home), 'status', '--json')).out)).toMatchObject({ repositories: 1 });
  expect((await orch(inside(home), '--repo', project, 'status')).code).toBe(0);
  const elsewhere = await orch(inside(project), '--repo', home, 'status', '--json');
  expect(elsewhere.code).toBe(1);
  expect(JSON.parse(elsewhere.out)).toMatchObject({ error: { kind: 'not-a-repository', path: home } });
});

test('a nested directory, a link to one and a bare repository are all inside', async () => {
  const { project, root, login, inside, git } = await setUp();
  await mkdir(join(login, 'deep/er'), { recursive: true });
  await symlink(join(login, 'deep'), join(root, 'link'));
  const open = async (cwd: string) =>
    JSON.parse((await orch(inside(cwd), 'monitor', '--json')).out).repositories[0]?.root;
  expect(await open(join(login, 'deep/er'))).toBe(project);
  expect(await open(join(root, 'link'))).toBe(project);
  await git(root, 'clone', '-q', '--bare', project, join(root, 'bare.git'));
  expect(await open(join(root, 'bare.git'))).toBe(join(root, 'bare.git'));
});

test('repositories are added, listed, hidden and brought back, in one file for all', async () => {
  const { project, login, home, inside } = await setUp();
  expect(await orch(inside(login), 'repo', 'add')).toMatchObject({ code: 0, out: `Watching ${project}.\n` });
  const listed = async () =>
    JSON.parse((await orch(inside(home), 'repo', 'list', '--json')).out).repositories as unknown[];
  expect(await listed()).toMatchObject([{ root: project, added: true, hidden: false, worktrees: 2 }]);
  expect((await orch(inside(home), 'repo', 'remove', project)).code).toBe(0);
  expect(await listed()).toMatchObject([{ root: project, added: false, hidden: true }]);
  expect(JSON.parse((await orch(inside(home), 'status', '--json')).out)).toMatchObject({ repositories: 0 });
  expect((await orch(inside(project), 'repo', 'add')).code).toBe(0);
  const settings = JSON.parse(await readFile(join(home, '.config/orchard/settings.json'), 'utf8'));
  expect(settings.repositories).toEqual({ added: [project], hidden: [] });
  const none = await orch(inside(home), 'repo', 'add', home, '--json');
  expect(none.code).toBe(1);
  expect(JSON.parse(none.out)).toMatchObject({ error: { kind: 'not-a-repository' } });
});

test('eight commands at once lose none of each other’s changes', async () => {
  const { root, home, inside, repository } = await setUp();
  const names = Array.from({ length: 8 }, (_, i) => `many-${i}`);
  for (const name of names) await repository(name);
  const ran = await Promise.all(names.map((name) => orch(inside(home), 'repo', 'add', join(root, name))));
  expect(ran.map(({ code }) => code)).toEqual(names.map(() => 0));
  const settings = JSON.parse(await readFile(join(home, '.config/orchard/settings.json'), 'utf8'));
  expect([...settings.repositories.added].sort()).toEqual(names.map((name) => join(root, name)));
});

test('a damaged settings file is set aside and said, and the command goes on', async () => {
  const { project, home, inside, write } = await setUp();
  const directory = join(home, '.config/orchard');
  await write(join(directory, 'settings.json'), '{"version": 1, "reposit');
  const first = await orch(inside(project), 'status', '--json');
  expect(first.code).toBe(0);
  expect(JSON.parse(first.out)).toMatchObject({ worktrees: 2 });
  expect(first.err).toContain('is not valid JSON');
  const [kept = ''] = (await readdir(directory)).filter((name) => name.startsWith('settings.set-aside'));
  expect(await readFile(join(directory, kept), 'utf8')).toBe('{"version": 1, "reposit');
  expect((await orch(inside(project), 'status')).err).toBe('');
});

test('without git, looking says so and acting is refused', async () => {
  const { project, root, env } = await setUp();
  await mkdir(join(root, 'empty'));
  const where = { cwd: project, env: { ...env, PATH: join(root, 'empty') } };
  const status = await orch(where, 'open', '--json');
  expect(status.code).toBe(1);
  expect(JSON.parse(status.out)).toMatchObject({ error: { kind: 'no-git', found: null } });
});

test('a git that is too old is refused with both versions', async () => {
  const { project, root, env } = await setUp();
  const bin = join(root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'git'), '#!/bin/sh\necho git version 2.30.1\n');
  await chmod(join(bin, 'git'), 0o755);
  const { code, err } = await orch({ cwd: project, env: { ...env, PATH: bin } }, 'merge', '--dry-run');
  expect(code).toBe(1);
  expect(err).toContain('This is git 2.30.1; Orchard needs 2.39 or newer.');
});

test('a reader that has seen enough ends nothing badly', async () => {
  const { project, inside } = await setUp();
  const running = startOrch(['monitor', '--json'], inside(project));
  running.child.stdout?.destroy();
  const { code, err } = await running.ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

test('--watch --json is one document a line, and a commit is the next line', async () => {
  const { project, login, inside, commit } = await setUp();
  const running = startOrch(['monitor', '--watch', '--json'], inside(project));
  const documents = () =>
    running
      .out()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  await poll(documents, (all) => all.length > 0, { what: 'the first document' });
  const head = await commit(login, { 'a.txt': 'a' });
  await poll(documents, (all) => all.at(-1)?.repositories[0].worktrees[1].head === head, {
    what: 'the commit',
  });
  running.child.kill('SIGINT');
  expect(await running.ended).toMatchObject({ code: 0, err: '' });
});

test('--watch ends by itself when its reader is gone', async () => {
  const { project, login, inside, commit } = await setUp();
  const running = startOrch(['monitor', '--watch'], inside(project));
  await poll(running.out, (text) => text.includes('Active Sessions'));
  running.child.stdout?.destroy();
  // The first write after that finds out.
  let over = false;
  running.ended.then(() => {
    over = true;
  });
  for (let turn = 0; turn < 50 && !over; turn++) {
    await commit(login, { 'a.txt': String(turn) });
    await poll(
      () => over,
      () => true,
    );
  }
  expect(await running.ended).toMatchObject({ code: 0, err: '' });
});
