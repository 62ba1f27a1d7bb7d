/**
 * The last facts of each repository on disk, so that a second start shows them (marked stale) before
 * any git ran, and what never expires: distances and merges by pairs of commits. For the owner only:
 * paths and subjects are nobody else's business.
 */
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RepositoryFacts, RepositoryLocation } from '../../domain/facts';
import type { Log } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import { writeWhole } from '../../system/whole-file';
import { taskRecordSchema } from '../kept/task-records';

const merged = z.enum(['ancestor', 'same-tree', 'squash', 'patches']).nullable();
const worktree = z.object({
  id: z.string(),
  path: z.string(),
  gitDir: z.string(),
  name: z.string(),
  isMain: z.boolean(),
  branch: z.string().nullable(),
  head: z.string().nullable(),
  locked: z.boolean(),
  lockReason: z.string().nullable(),
  missing: z.boolean(),
  base: z.string().nullable(),
  baseTip: z.string().nullable().default(null),
  lastCommit: z.object({ sha: z.string(), subject: z.string(), at: z.number() }).nullable(),
  ahead: z.number(),
  behind: z.number(),
  changes: z.object({
    staged: z.number(),
    changed: z.number(),
    untracked: z.number(),
    conflicted: z.number(),
  }),
  ongoing: z.enum(['merge', 'rebase', 'cherry-pick', 'revert', 'bisect']).nullable(),
  merged,
  lastActivityAt: z.number().nullable(),
  record: taskRecordSchema.nullable(),
  note: z.object({ title: z.string(), path: z.string(), at: z.number() }).nullable(),
  problem: z.string().nullable(),
});
const cacheSchema = z.object({
  version: z.literal(1),
  facts: z.object({
    base: z.string().nullable(),
    problem: z.string().nullable(),
    worktrees: z.array(worktree),
  }),
  distances: z.array(z.tuple([z.string(), z.number(), z.number()])),
  merged: z.array(z.tuple([z.string(), merged])),
});
type Cached = z.infer<typeof cacheSchema>;

export interface CacheContent {
  readonly facts: RepositoryFacts;
  readonly distances: readonly (readonly [string, number, number])[];
  readonly merged: Cached['merged'];
}

export interface FactsCache {
  /** Null when there is none, or it can't be understood. Its worktrees are marked stale. */
  read(location: RepositoryLocation): Promise<CacheContent | null>;
  write(content: {
    readonly facts: RepositoryFacts;
    readonly distances: readonly (readonly [string, number, number])[];
    readonly merged: readonly (readonly [string, Cached['merged'][number][1]])[];
  }): Promise<void>;
}

export function createFactsCache(deps: { readonly directory: string; readonly log: Log }): FactsCache {
  const fileOf = (location: RepositoryLocation) => join(deps.directory, `git-${location.id}.json`);
  return {
    async read(location) {
      let text: string;
      try {
        text = await readFile(fileOf(location), 'utf8');
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') deps.log.warn('git.cache-read', { problem: String(error) });
        return null;
      }
      try {
        const { facts, distances, merged } = cacheSchema.parse(JSON.parse(text));
        return {
          facts: {
            location,
            base: facts.base,
            problem: facts.problem,
            worktrees: facts.worktrees.map((one) => ({
              ...one,
              watched: 'git-only',
              unwatched: null,
              stale: true,
            })),
          },
          distances,
          merged,
        };
      } catch (error) {
        deps.log.warn('git.cache-read', { problem: String(error).slice(0, 300) });
        return null;
      }
    },
    async write({ facts, distances, merged }) {
      const file = fileOf(facts.location);
      const content: Cached = {
        version: 1,
        facts: {
          base: facts.base,
          problem: facts.problem,
          worktrees: facts.worktrees.map((one) => ({ ...one, baseTip: one.baseTip ?? null })),
        },
        distances: distances.map(([pair, ahead, behind]) => [pair, ahead, behind]),
        merged: merged.map(([pair, answer]) => [pair, answer]),
      };
      try {
        await mkdir(deps.directory, { recursive: true, mode: 0o700 });
        await chmod(deps.directory, 0o700);
        await writeWhole(file, JSON.stringify(content), { keep: 'cache' });
      } catch (error) {
        // What can be computed again may be lost; it must not stop anything.
        deps.log.warn('git.cache-write', { problem: String(error).slice(0, 300) });
      }
    },
  };
}
