/**
 * What a first version of such an app does: simple-git, worktree after worktree, everything in its own
 * process. In a process of its own here, so that its libraries burden nobody else.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { simpleGit } from 'simple-git';

export async function serveNaive(): Promise<void> {
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
      process.send?.({ tookMs, togetherMs, stallMs: stall.max / 1e6 });
    })();
  });
  await new Promise((resolve) => process.once('disconnect', resolve));
}
