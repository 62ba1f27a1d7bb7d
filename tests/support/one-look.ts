/** The whole engine in this process, as one `orch` command composes it: what it shows and what it plans. */

import { composeOrchard } from '../../src-main/compose';
import type { CleanupPlan, MergePlan } from '../../src-main/contract/plans';
import type { WorktreeView } from '../../src-main/contract/snapshot';
import type { Orchard } from '../../src-main/engine/orchard';
import type { Sandbox } from './repositories';

export interface OneLook {
  readonly orchard: Orchard;
  /** Rows by path. */
  readonly rows: ReadonlyMap<string, WorktreeView>;
  row(path: string): WorktreeView;
  merge(path: string, base?: string): Promise<MergePlan>;
  /** A plan that was refused before everything could be looked at has nothing but its refusal. */
  cleanup(path: string): Promise<Partial<CleanupPlan> & Pick<CleanupPlan, 'refusal'>>;
}

export async function oneLook<T>(
  sandbox: Pick<Sandbox, 'env'>,
  directories: readonly string[],
  use: (look: OneLook) => Promise<T>,
): Promise<T> {
  const orchard = await composeOrchard({
    repositories: directories,
    watch: false,
    env: sandbox.env,
    platform: 'linux',
    notifier: null,
    person: null,
    startedFrom: 'terminal',
    gitProcesses: 'here',
  });
  try {
    await orchard.start();
    const { repositories } = await orchard.settled();
    const rows = new Map(repositories.flatMap((one) => one.worktrees.map((row) => [row.path, row] as const)));
    const row = (path: string) => {
      const found = rows.get(path);
      if (found === undefined) throw new Error(`no row for ${path}: ${[...rows.keys()].join(', ')}`);
      return found;
    };
    return await use({
      orchard,
      rows,
      row,
      async merge(path, base) {
        const plan = await orchard.handlers['worktree.planMerge']({
          worktreeId: row(path).id,
          strategy: 'merge',
          update: 'merge',
          base: base ?? null,
          skipValidation: true,
          push: false,
        });
        if (!plan.ok) throw new Error(JSON.stringify(plan.error));
        return plan.value;
      },
      async cleanup(path) {
        const plan = await orchard.handlers['worktree.planCleanup']({
          worktreeId: row(path).id,
          abandon: null,
          keepBranch: false,
          deleteRemote: false,
        });
        return plan.ok ? plan.value : { refusal: plan.error };
      },
    });
  } finally {
    await orchard.dispose();
  }
}
