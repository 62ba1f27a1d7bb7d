/** While one operation validates: what shares nothing with it goes on, and what waits says for what. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { needsBuild, orch, startOrch } from '../support/run-orch';

beforeEach(needsBuild);

async function validating() {
  const sandbox = await createSandbox();
  const { root, git, commit, worktree, write } = sandbox;
  const project = await sandbox.repository('project');
  for (const name of ['login', 'second']) {
    const path = await worktree(project, join(root, `project-wt-${name}`), `feature/${name}`);
    await commit(path, { [`${name}.txt`]: `${name}\n` });
  }
  await write(join(project, '.git/info/exclude'), '.orchard.json\n');
  const go = join(root, 'go');
  await write(
    join(project, '.orchard.json'),
    JSON.stringify({ validate: [`echo begun; until [ -e '${go}' ]; do sleep 0.05; done`] }),
  );
  const where = { cwd: project, env: sandbox.env };
  const run = (...arguments_: string[]) => orch(where, ...arguments_);
  const plan = JSON.parse((await run('merge', 'project-wt-login', '--dry-run', '--json')).out).plan;
  const mark = plan.approval[0].fingerprint;
  const merging = startOrch(['merge', '--plan', plan.token, '--approve', mark, '--json'], where);
  await poll(merging.err, (text) => text.includes('begun'), { what: 'the validation', limitMs: 20_000 });
  return { ...sandbox, project, run, where, merging, go: () => writeFile(go, ''), git };
}

test('a spawn, a look and an undone spawn go on while a merge runs its tests', async () => {
  const { run, project, git, merging, go } = await validating();
  const spawned = await run('spawn', 'Meanwhile', '--no-open', '--json');
  expect(spawned.code).toBe(0);
  expect(spawned.err).not.toContain('Waits for');
  expect((await run('monitor', '--json')).code).toBe(0);
  expect((await run('doctor', '--json')).out).toContain('locks');
  await go();
  const done = await merging.ended;
  expect(JSON.parse(done.out)).toMatchObject({ landed: { base: 'main' } });
  expect(await git(project, 'log', '-1', '--format=%s', 'main')).toBe("Merge branch 'feature/login'");
  expect(await git(project, 'branch', '--list', 'feature/meanwhile')).toContain('feature/meanwhile');
});

test('another merge says at once what it waits for, and can be cancelled', async () => {
  const { where, project, git, merging, go } = await validating();
  const before = await git(project, 'rev-parse', 'main', 'feature/second');
  const waiting = startOrch(['merge', 'project-wt-second', '--yes', '--skip-validation', '--json'], where);
  await poll(
    waiting.err,
    (text) => text.includes('Waits for the merge of feature/login, running its tests…'),
    {
      what: 'the words',
      limitMs: 20_000,
    },
  );
  waiting.child.kill('SIGINT');
  const { code, out } = await waiting.ended;
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ error: { kind: 'cancelled' } });
  expect(await git(project, 'rev-parse', 'main', 'feature/second')).toBe(before);
  await go();
  expect((await merging.ended).code).toBe(0);
});

test('one that waits too long is refused with the same words', async () => {
  const { run, merging, go } = await validating();
  const refused = await run('merge', 'project-wt-second', '--yes', '--skip-validation', '--json');
  expect(JSON.parse(refused.out).error).toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('the merge of feature/login, running its tests'),
  });
  await go();
  expect((await merging.ended).code).toBe(0);
});
