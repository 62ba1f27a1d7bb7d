import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { LiveSession } from '../../../src-main/domain/cleanup-plan';
import type { RepositoryLocation, TaskRecord, WorktreeFacts } from '../../../src-main/domain/facts';
import type { FleetResolver } from '../../../src-main/engine/ports';

const run = promisify(execFile);

export const worktreeIdOf = (path: string) =>
  `w-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;

/** A fleet that asks raw git each time; sessions are what a test says. */
export function createPlainFleet(options: {
  readonly locations: readonly RepositoryLocation[];
  readonly env: NodeJS.ProcessEnv;
  readonly sessions?: Map<string, readonly LiveSession[]>;
  readonly base?: string;
}): FleetResolver {
  const factsOf = async (location: RepositoryLocation): Promise<readonly WorktreeFacts[]> => {
    const { stdout } = await run('git', ['worktree', 'list', '--porcelain', '-z'], {
      cwd: location.root,
      env: options.env,
    });
    return Promise.all(
      stdout
        .split('\0\0')
        .filter((block) => block.startsWith('worktree '))
        .map(async (block, at): Promise<WorktreeFacts> => {
          const lines = block.split('\0');
          const path = lines[0]?.slice('worktree '.length) ?? '';
          const branch =
            lines.find((line) => line.startsWith('branch '))?.slice('branch refs/heads/'.length) ?? null;
          const head = lines.find((line) => line.startsWith('HEAD '))?.slice('HEAD '.length) ?? null;
          const missing = !existsSync(path);
          const gitDir =
            at === 0 || missing
              ? location.commonDir
              : (
                  await run('git', ['rev-parse', '--absolute-git-dir'], { cwd: path, env: options.env })
                ).stdout.trim();
          const recordFile = join(location.commonDir, 'orchard', 'tasks', `${basename(gitDir)}.json`);
          return {
            id: worktreeIdOf(path),
            path,
            gitDir,
            name: basename(path),
            isMain: at === 0,
            branch,
            head,
            locked: false,
            lockReason: null,
            missing,
            base: options.base ?? 'main',
            lastCommit: null,
            ahead: 0,
            behind: 0,
            changes: { staged: 0, changed: 0, untracked: 0, conflicted: 0 },
            ongoing: null,
            merged: null,
            lastActivityAt: null,
            record: existsSync(recordFile)
              ? (JSON.parse(readFileSync(recordFile, 'utf8')) as TaskRecord)
              : null,
            note: null,
            watched: 'files',
            unwatched: null,
            stale: false,
            problem: null,
          };
        }),
    );
  };
  const sessions = options.sessions ?? new Map<string, readonly LiveSession[]>();
  return {
    async worktree(id) {
      for (const location of options.locations) {
        const all = await factsOf(location);
        const worktree = all.find((one) => one.id === id);
        if (worktree === undefined) continue;
        return {
          location,
          worktree,
          siblings: all.filter((one) => one !== worktree),
          sessions: sessions.get(id) ?? [],
          collisions: null,
          order: null,
        };
      }
      return null;
    },
    sessions: async (id) => sessions.get(id) ?? [],
    repositories: async () => options.locations,
    changed: async () => undefined,
  };
}
