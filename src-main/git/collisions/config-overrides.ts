import type { GitRunner } from '../run/git-runner';

/** Options that set every configured key that matches, for one process; none when nothing matches. */
export async function configOverrides(
  git: GitRunner,
  cwd: string,
  pattern: string,
  setting: (key: string) => string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const configured = await git.run({
    cwd,
    args: ['config', '--null', '--name-only', '--get-regexp', pattern],
    signal,
  });
  if (configured.exitCode !== 0) return [];
  const keys = new Set(configured.stdout.split('\0').filter((key) => key !== ''));
  return [...keys].flatMap((key) => ['-c', `${key}=${setting(key)}`]);
}
