/** What a person's configuration says about `git merge` and `git pull` is for those; a plan is kept to. */
import { expect, test } from 'vitest';
import { mergeScene } from '../../support/landing/merge-scene';

const settings = [
  ['merge.ff', 'false'],
  ['merge.ff', 'only'],
  ['merge.verifySignatures', 'true'],
  ['merge.log', 'true'],
  ['merge.stat', 'true'],
  ['merge.summary', 'true'],
  ['pull.rebase', 'true'],
  ['pull.ff', 'only'],
  ['pull.octopus', 'ours'],
  ['commit.verbose', 'true'],
  ['commit.cleanup', 'verbatim'],
  ['branch.autoSetupRebase', 'always'],
] as const;
const mergeOptions = [
  '--no-ff',
  '--squash',
  '--no-commit',
  '-s ours',
  '-X theirs',
  '--verify-signatures',
  '--log --signoff',
  '--no-such-option',
];

test.for([
  ...settings,
  ...mergeOptions.flatMap((options) =>
    ['main', 'feature/login'].map((branch) => [`branch.${branch}.mergeOptions`, options] as const),
  ),
])('%s = %s changes nothing of what a plan promised', async ([name, value]) => {
  for (const update of ['merge', 'rebase'] as const) {
    const s = await mergeScene();
    await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' }, 'Main moves');
    const before = await s.state();
    const main = await s.git('rev-parse', 'main');
    await s.git('config', name, value);
    await s.land({ update });
    expect(await s.git('log', '-1', '--format=%B', 'main')).toBe("Merge branch 'feature/login'\n");
    expect((await s.git('log', '-1', '--format=%P', 'main')).split(' ')).toEqual([
      main,
      await s.git('rev-parse', 'feature/login'),
    ]);
    expect(await s.git('show', 'main:login.txt')).toBe('login\nlogout');
    expect(await s.git('status', '--porcelain')).toBe('');
    expect(await s.undoer.undo({ operation: null })).toMatchObject({ ok: true });
    expect(await s.state()).toEqual(before);
  }
});
