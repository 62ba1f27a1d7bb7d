/**
 * Pull requests through the programs that a person signed in to: `gh` (https://cli.github.com/manual)
 * and `glab` (https://docs.gitlab.com/cli). Without them the host's compare page is all there is, and
 * whether one is open is unknown.
 */
import { execFile } from 'node:child_process';
import type { PullRequestState } from '../../domain/cleanup-plan';
import type { RepositoryLocation } from '../../domain/facts';
import { comparePage, parseRemote } from '../../domain/remote-hosts';
import type { Log } from '../../engine/ports';
import type { PullRequestLook } from '../facts/remote-branch';

const limitMs = 20_000;

export interface PullRequests extends PullRequestLook {
  /** The address of the pull request, or of the page to make it on; null when nobody knows one. */
  open(request: {
    readonly directory: string;
    readonly remoteUrl: string;
    readonly base: string;
    readonly branch: string;
    readonly title: string;
    readonly body: string;
    readonly signal: AbortSignal;
  }): Promise<{ readonly url: string | null; readonly made: boolean }>;
}

export function createPullRequests(deps: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}): PullRequests {
  const run = (program: string, args: readonly string[], directory: string, signal: AbortSignal) =>
    new Promise<{ readonly ok: boolean; readonly stdout: string }>((resolve) => {
      execFile(
        program,
        [...args],
        {
          cwd: directory,
          env: {
            ...deps.env,
            GH_PROMPT_DISABLED: '1',
            GLAB_NO_PROMPT: '1',
            NO_COLOR: '1',
          } as NodeJS.ProcessEnv,
          timeout: limitMs,
          signal,
          windowsHide: true,
          maxBuffer: 1 << 22,
        },
        (error, stdout, stderr) => {
          if (error !== null)
            deps.log.info('pull-request.no-answer', {
              program,
              error: error.message,
              stderr: stderr.slice(-500),
            });
          resolve({ ok: error === null, stdout });
        },
      ).stdin?.end();
    });

  const openOnes = async (
    remoteUrl: string,
    branch: string,
    directory: string,
    signal: AbortSignal,
  ): Promise<readonly string[] | 'unknown'> => {
    const remote = parseRemote(remoteUrl);
    if (remote.kind === 'local') return [];
    const asked =
      remote.kind === 'github'
        ? await run(
            'gh',
            [
              'pr',
              'list',
              `--repo=${remote.host}/${remote.path}`,
              `--head=${branch}`,
              '--state=open',
              '--json=url',
            ],
            directory,
            signal,
          )
        : remote.kind === 'gitlab'
          ? await run(
              'glab',
              [
                'mr',
                'list',
                `--repo=https://${remote.host}/${remote.path}`,
                `--source-branch=${branch}`,
                '--output=json',
              ],
              directory,
              signal,
            )
          : { ok: false, stdout: '' };
    if (!asked.ok) return 'unknown';
    try {
      const list: unknown = JSON.parse(asked.stdout);
      if (!Array.isArray(list)) return 'unknown';
      return list.map((one: { url?: unknown; web_url?: unknown }) => String(one.url ?? one.web_url ?? ''));
    } catch {
      return 'unknown';
    }
  };

  return {
    async state(location: RepositoryLocation, remoteUrl, branch, signal): Promise<PullRequestState> {
      const open = await openOnes(remoteUrl, branch, location.root, signal);
      if (open === 'unknown') return 'unknown';
      return open.length > 0 ? 'open' : 'none';
    },
    async open({ directory, remoteUrl, base, branch, title, body, signal }) {
      const remote = parseRemote(remoteUrl);
      const page = comparePage(remote, base, branch);
      const already = await openOnes(remoteUrl, branch, directory, signal);
      if (already !== 'unknown' && already[0] !== undefined && already[0] !== '')
        return { url: already[0], made: false };
      const made =
        remote.kind === 'github'
          ? await run(
              'gh',
              [
                'pr',
                'create',
                `--repo=${remote.host}/${remote.path}`,
                `--base=${base}`,
                `--head=${branch}`,
                `--title=${title}`,
                `--body=${body}`,
              ],
              directory,
              signal,
            )
          : remote.kind === 'gitlab'
            ? await run(
                'glab',
                [
                  'mr',
                  'create',
                  `--repo=https://${remote.host}/${remote.path}`,
                  `--target-branch=${base}`,
                  `--source-branch=${branch}`,
                  `--title=${title}`,
                  `--description=${body}`,
                  '--yes',
                ],
                directory,
                signal,
              )
            : { ok: false, stdout: '' };
      const url = made.ok ? /https?:\/\/\S+/.exec(made.stdout)?.[0] : undefined;
      return url === undefined ? { url: page, made: false } : { url, made: true };
    },
  };
}
