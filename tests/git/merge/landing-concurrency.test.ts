/** The app and two `orch` at once on one repository: nothing interleaves, nothing is lost. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locationOf } from '../../support/git-command';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import { childRunner } from '../../support/landing/run-child';
import { createSandbox } from '../../support/repositories';

const runChild = childRunner();
const rounds = process.env.ORCHARD_LONG === '1' ? 50 : 2;
/** Refusals that mean "somebody was faster": look again, as a person would. */
const tryAgain = ['base-moved', 'busy', 'plan-outdated', 'base-dirty'];

test(`three merges at once, ${rounds} rounds: one after the other, none lost`, async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const location = locationOf(repository);
  const house = createHouse({ locations: [location], env: sandbox.env, home: sandbox.home });
  const git = (...args: string[]) => sandbox.git(repository, ...args);
  const names = ['one', 'two', 'three'];
  for (const name of names) await sandbox.worktree(repository, join(sandbox.root, name), name);

  const byApp = async (worktreeId: string) => {
    const planned = await house.merger.planMerge({
      worktreeId,
      strategy: 'merge',
      update: 'rebase',
      push: false,
      skipValidation: true,
    });
    const done = planned.ok
      ? await house.merger.merge({ token: planned.value.token, approve: true })
      : planned;
    return done.ok ? null : done.error.kind;
  };
  const byCommand = async (worktreeId: string) => {
    const end = await runChild({
      location,
      env: sandbox.env,
      home: sandbox.home,
      worktreeId,
      action: { kind: 'merge', strategy: 'merge', update: 'merge', push: false },
      kill: null,
    });
    const error = end.answer?.error as { kind: string } | null | undefined;
    if (end.answer === null) throw new Error(end.stderr);
    return end.answer.ok ? null : (error?.kind ?? 'nothing');
  };

  for (let round = 0; round < rounds; round++) {
    for (const name of names)
      await sandbox.commit(
        join(sandbox.root, name),
        { [`${name}-${round}.txt`]: `${name}\n` },
        `${name} ${round}`,
      );
    await Promise.all(
      names.map(async (name, at) => {
        const id = worktreeIdOf(join(sandbox.root, name));
        for (let attempt = 0; attempt < 20; attempt++) {
          const refused = await (at === 0 ? byApp(id) : byCommand(id));
          if (refused === null) return;
          expect(tryAgain).toContain(refused);
        }
        throw new Error(`${name} never landed`);
      }),
    );
    // Every merge of this round is there, once, one after the other on the first-parent line.
    const landed = (await git('log', '--first-parent', '--format=%s', '-3', 'main')).split('\n').sort();
    expect(landed).toEqual(names.map((name) => `Merge branch '${name}'`).sort());
    for (const name of names) expect(await git('show', `main:${name}-${round}.txt`)).toBe(name);
    expect(await git('status', '--porcelain')).toBe('');
  }
  expect(await git('fsck', '--no-dangling')).toBe('');
  expect(await house.recovery.atStart(location)).toEqual([]);
});
