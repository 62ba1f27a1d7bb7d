/**
 * What a first version of such an app does: simple-git, worktree after worktree, in the app's own
 * process. Here in a process that has been the whole app for a moment, watching the same repositories:
 * starting git costs as much as it does there, and nobody else is burdened with its libraries.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { simpleGit } from 'simple-git';
import { composeWhole } from './whole-product';

export interface NaiveProcess {
  readonly scratch: string;
  readonly platform: 'darwin' | 'linux' | 'win32';
  readonly roots: readonly string[];
}

export async function serveNaive({ scratch, platform, roots }: NaiveProcess): Promise<void> {
  const orchard = await composeWhole({ scratch, platform }, { repositories: roots, notifier: null });
  await orchard.start();
  await orchard.settled();
  await orchard.dispose();
  process.on('message', (worktrees: readonly string[]) => {
    void (async () => {
      const begun = performance.now();
      for (const worktree of worktrees) {
        const git = simpleGit(worktree);
        await git.status();
        await git.log({ maxCount: 1 });
        await git.branch();
      }
      const tookMs = performance.now() - begun;
      const stall = monitorEventLoopDelay({ resolution: 1 });
      stall.enable();
      const together = performance.now();
      await Promise.all(
        worktrees.map(async (worktree) => {
          const git = simpleGit(worktree);
          await Promise.all([git.status(), git.log({ maxCount: 1 }), git.branch()]);
        }),
      );
      const togetherMs = performance.now() - together;
      stall.disable();
      const rssMb = process.memoryUsage().rss / 1e6;
      process.send?.({ tookMs, togetherMs, stallMs: stall.max / 1e6, rssMb });
    })();
  });
  await new Promise((resolve) => process.once('disconnect', resolve));
}
