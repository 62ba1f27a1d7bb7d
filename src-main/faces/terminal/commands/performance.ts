/** `orch doctor --performance`: watches for a moment and tells what that holds and costs. */
import { ok } from '../../../contract/result';
import type { Refresh, WatchPerformance } from '../../../engine/ports';
import { clean } from '../text';
import { type Context, type Outcome, scopeOf, withOrchard } from './context';

const WATCHED_MS = 10_000;

export async function performanceReport(context: Context, watchedMs = WATCHED_MS): Promise<Outcome> {
  const scope = await scopeOf(context);
  if (!scope.ok) return scope;
  return withOrchard(context, { repositories: scope.value, watch: true }, async (orchard, snapshot) => {
    context.io.err.write(`Watching for ${Math.round(watchedMs / 1000)} seconds…\n`);
    const cpuBefore = process.cpuUsage();
    const begun = context.now();
    await pause(watchedMs, context.interrupted);
    const watchedFor = context.now() - begun;
    const { user, system } = process.cpuUsage(cpuBefore);
    const found = orchard.performance();
    const memoryBytes = process.memoryUsage().rss;
    const cpuPercent = watchedFor === 0 ? 0 : ((user + system) / 1000 / watchedFor) * 100;
    return ok({
      text:
        found === null
          ? 'Nothing is watched.'
          : [
              `Watched ${snapshot.counts.worktrees} worktrees in ${found.repositories} repositories for ${Math.round(watchedFor / 1000)} s.`,
              ...linesOf(found),
              `This process: ${Math.round(memoryBytes / 1e6)} MB, ${cpuPercent.toFixed(1)} % of a core while it watched.`,
            ].join('\n'),
      json: { performance: found, watchedMs: watchedFor, memoryBytes, cpuPercent },
    });
  });
}

/** Ends early at Ctrl+C: what was seen until then is told. */
const pause = (milliseconds: number, interrupted: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      interrupted.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    interrupted.addEventListener('abort', done);
    if (interrupted.aborted) done();
  });

const kinds: { readonly [K in Refresh['what']]: string } = {
  worktrees: 'worktrees and refs',
  refs: 'refs',
  status: 'whole status',
  paths: 'status of paths',
  operation: 'operation under way',
};

export function linesOf({
  processes,
  watches,
  refreshes,
  lastRefreshes,
  unwatched,
}: WatchPerformance): readonly string[] {
  return [
    `Watches: ${watches.files} for files (${watches.left} more allowed), ${watches.git} for git.`,
    ...unwatched.map(({ path, why }) => `  files not watched: ${clean(path)}: ${clean(why)}`),
    `Git processes: ${processes.started} started, ${processes.startedInLastMinute} in the last minute, ${processes.running} running, ${processes.queued} waiting${processes.restarts === 0 ? '' : `; the helper was replaced ${processes.restarts} times`}.`,
    `Refreshes: ${refreshes}${lastRefreshes.length === 0 ? '.' : '; the last ones:'}`,
    ...lastRefreshes.map(
      ({ at, path, what, paths, tookMs }) =>
        `  ${new Date(at).toISOString().slice(11, 23)}  ${String(Math.round(tookMs)).padStart(5)} ms  ${kinds[what]}${what === 'paths' ? ` (${paths})` : ''}  ${clean(path)}`,
    ),
  ];
}
