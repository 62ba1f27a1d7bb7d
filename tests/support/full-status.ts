import type { ChangeCounts } from '../../src-main/domain/facts';
import type { Sandbox } from './repositories';

/** Counted in another way than the code under test does: porcelain v1, lines. */
export async function fullStatus(sandbox: Sandbox, root: string): Promise<ChangeCounts> {
  const output = await sandbox.git(
    root,
    '--no-optional-locks',
    'status',
    '--porcelain',
    '-z',
    '--no-renames',
  );
  const lines = output.split('\0').filter((line) => line !== '');
  const unmerged = /^(DD|AU|UD|UA|DU|AA|UU)/;
  const usual = lines.filter((line) => !unmerged.test(line) && !line.startsWith('??'));
  return {
    staged: usual.filter((line) => line[0] !== ' ').length,
    changed: usual.filter((line) => line[1] !== ' ').length,
    untracked: lines.filter((line) => line.startsWith('??')).length,
    conflicted: lines.filter((line) => unmerged.test(line)).length,
  };
}
