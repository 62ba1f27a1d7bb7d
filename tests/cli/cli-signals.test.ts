/** What stays of an `orch` that a signal ended: nothing; and after a kill, what the next start clears. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isRunning } from '../support/is-running';
import { leftBehind } from '../support/left-behind';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { needsBuild, orch, startOrch } from '../support/run-orch';

beforeEach((ctx) => {
  needsBuild(ctx);
  if (process.platform === 'win32') ctx.skip('Windows has no signals to send');
});

async function setUp() {
  const sandbox = await createSandbox();
  const { root, repository, worktree, commit, write } = sandbox;
  const project = await repository('project');
  await write(join(project, '.orchard.json'), '{"validate": ["echo $$ > ../validating; sleep 300; true"]}');
  const login = await worktree(project, join(root, 'project-wt-login'), 'feature/login');
  await commit(login, { 'login.txt': 'login\n' });
  const tmp = join(root, 'tmp');
  await mkdir(tmp);
  const where = { cwd: project, env: { ...sandbox.env, TMPDIR: tmp } };
  return { ...sandbox, project, login, tmp, where };
}

/** Starts `orch serve` and has it merge; resolves while the validation runs. */
async function serveMerging({ root, where }: Awaited<ReturnType<typeof setUp>>) {
  await orch(where, 'repo', 'add');
  const running = startOrch(['serve'], where);
  const line = await poll(running.out, (text) => text.includes('\n'), { what: 'the address' });
  const { origin, hash } = new URL(line.trim());
  const ask = async (name: string, input: unknown) => {
    const response = await fetch(`${origin}/api/${name}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${hash.slice('#token='.length)}`,
      },
      body: JSON.stringify({ input }),
    });
    return response.json();
  };
  const plan = await poll(
    async () => {
      const { value } = await ask('snapshot.get', {});
      const found = value.repositories
        .flatMap((repository: { worktrees: { id: string; branch: string }[] }) => repository.worktrees)
        .find(({ branch }: { branch: string }) => branch === 'feature/login');
      return found === undefined
        ? null
        : ask('worktree.planMerge', {
            worktreeId: found.id,
            strategy: 'merge',
            update: 'rebase',
            skipValidation: false,
            push: false,
          });
    },
    (made) => made?.ok === true,
    { what: 'a plan', limitMs: 20_000 },
  );
  const merge = ask('worktree.merge', { token: plan.value.token, approve: true }).catch(() => null);
  const pid = await poll(
    async () => Number(await readFile(join(root, 'validating'), 'utf8').catch(() => '0')),
    (found) => found > 0,
    { what: 'the validation', limitMs: 20_000 },
  );
  return { running, merge, pid };
}

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s while serving a merge takes it back and leaves no process, lock or scratch',
  async (signal) => {
    const scene = await setUp();
    const { git, project, tmp } = scene;
    const before = await git(project, 'for-each-ref', 'refs/heads');
    const { running, merge, pid } = await serveMerging(scene);
    running.child.kill(signal);
    expect(await running.ended).toMatchObject({ code: 0, err: '' });
    await merge;
    expect(isRunning(pid)).toBe(false);
    expect(await git(project, 'for-each-ref', 'refs/heads')).toBe(before);
    expect(await git(project, 'status', '--porcelain')).toBe('?? .orchard.json');
    expect(await leftBehind(scene, project, tmp)).toEqual([]);
  },
);

test('after a kill in the middle of a merge the next look clears what stayed', async () => {
  const scene = await setUp();
  const { git, project, tmp, where } = scene;
  const before = await git(project, 'for-each-ref', 'refs/heads');
  const { running, merge, pid } = await serveMerging(scene);
  running.child.kill('SIGKILL');
  await running.ended;
  await merge;
  expect((await leftBehind(scene, project, tmp)).length).toBeGreaterThan(0);
  const next = startOrch(['serve'], where);
  await poll(
    () => isRunning(pid),
    (runs) => !runs,
    { what: 'the validation to end', limitMs: 20_000 },
  );
  next.child.kill('SIGTERM');
  await next.ended;
  expect(await git(project, 'for-each-ref', 'refs/heads')).toBe(before);
  // A command's script in the temporary directory is the system's to clear.
  expect((await leftBehind(scene, project, tmp)).filter((path) => !path.startsWith('tmp/'))).toEqual([]);
});

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends `monitor --watch` calmly', async (signal) => {
  const scene = await setUp();
  const running = startOrch(['monitor', '--watch'], scene.where);
  await poll(running.out, (text) => text.includes('feature/login'), { what: 'the monitor' });
  running.child.kill(signal);
  expect(await running.ended).toMatchObject({ code: 0, err: '' });
  expect(await leftBehind(scene, scene.project, scene.tmp)).toEqual([]);
});
