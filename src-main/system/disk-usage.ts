/**
 * How much disk each worktree takes, found out in the background and rarely: a walk over every file is
 * the most expensive look there is, so it goes a few files at a time with pauses, one worktree at a
 * time, and again only when something happened there since.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RepositoryId, WorktreeId } from '../contract/ids';
import { contains, type PathStyle } from '../domain/containment';
import type { RepositoryFacts } from '../domain/facts';
import type { Cancel, Clock, DiskUsage, Log } from '../engine/ports';
import { errorCode } from './file-failure';
import { writeWhole } from './whole-file';

export interface DiskUsageDeps {
  /** What was found is kept here between starts; null keeps nothing. */
  readonly file: string | null;
  readonly style: PathStyle;
  readonly clock: Clock;
  readonly log: Log;
}

/** After the start others have more urgent things to read. */
export const FIRST_LOOK_MS = 10_000;
/** Work in a worktree goes on all day; its size is looked at again this often at most. */
export const AGAIN_MS = 3_600_000;
/** Worktrees that are gone are forgotten by then. */
const FORGET_MS = 30 * 86_400_000;
/** Files between two pauses, and how much longer than the work a pause is. */
const BATCH = 128;
const REST = 4;
const LEAST_REST_MS = 10;
/** The size in a stat's `blocks`: https://man7.org/linux/man-pages/man3/stat.3type.html */
const BLOCK_BYTES = 512;

interface Known {
  readonly bytes: number;
  /** When it was looked at. */
  readonly at: number;
  /** What had happened there until then. */
  readonly activityAt: number | null;
}
const fileSchema = z.object({
  version: z.literal(1),
  worktrees: z.record(
    z.string(),
    z.object({ bytes: z.number(), at: z.number(), activityAt: z.number().nullable() }),
  ),
});

interface Place {
  readonly id: WorktreeId;
  readonly path: string;
  readonly isMain: boolean;
  readonly activityAt: number | null;
  /** Roots of worktrees inside it. */
  readonly nested: readonly string[];
}

export function createDiskUsage(deps: DiskUsageDeps): DiskUsage {
  const { clock, log } = deps;
  const places = new Map<RepositoryId, readonly Place[]>();
  const known = new Map<WorktreeId, Known>();
  const listeners = new Set<(worktree: WorktreeId, bytes: number) => void>();
  const told = new Map<WorktreeId, number>();
  let timer: Cancel | null = null;
  let walking = false;
  let disposed = false;
  const notBefore = clock.now() + FIRST_LOOK_MS;
  const restored = restore();

  async function restore(): Promise<void> {
    if (deps.file === null) return;
    try {
      const { worktrees } = fileSchema.parse(JSON.parse(await readFile(deps.file, 'utf8')));
      for (const [id, one] of Object.entries(worktrees)) known.set(id, one);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        log.warn('disk-usage.read', { problem: String(error).slice(0, 300) });
    }
  }

  async function keep(): Promise<void> {
    if (deps.file === null) return;
    const recent = [...known].filter(([, { at }]) => clock.now() - at < FORGET_MS);
    try {
      await writeWhole(deps.file, JSON.stringify({ version: 1, worktrees: Object.fromEntries(recent) }), {
        keep: 'cache',
      });
    } catch (error) {
      log.warn('disk-usage.write', { problem: String(error).slice(0, 300) });
    }
  }

  function tell(): void {
    for (const { id } of [...places.values()].flat()) {
      const one = known.get(id);
      if (one === undefined || told.get(id) === one.bytes) continue;
      told.set(id, one.bytes);
      for (const listener of listeners) listener(id, one.bytes);
    }
  }

  /** When a place is due; null when nothing happened there since it was looked at. */
  const dueAt = ({ id, activityAt }: Place): number | null => {
    const one = known.get(id);
    if (one === undefined) return notBefore;
    return one.activityAt === activityAt ? null : Math.max(notBefore, one.at + AGAIN_MS);
  };

  function plan(): void {
    // A walk plans the next one when it is over; its pauses use the same timer.
    if (disposed || walking) return;
    timer?.();
    timer = null;
    const due = [...places.values()]
      .flat()
      .flatMap((place) => {
        const at = dueAt(place);
        return at === null ? [] : [{ place, at }];
      })
      .sort((a, b) => a.at - b.at)[0];
    if (due === undefined) return;
    timer = clock.schedule(Math.max(0, due.at - clock.now()), () => {
      walking = true;
      void look(due.place)
        .catch((error: unknown) => void log.bug('disk-usage', error))
        .then(() => {
          walking = false;
          plan();
        });
    });
  }

  async function look(place: Place): Promise<void> {
    const bytes = await measure(place);
    if (disposed) return;
    // Gone or unreadable: asked again when something happens there.
    known.set(place.id, {
      bytes: bytes ?? known.get(place.id)?.bytes ?? 0,
      at: clock.now(),
      activityAt: place.activityAt,
    });
    if (bytes !== null) tell();
    await keep();
  }

  const rest = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      timer = clock.schedule(milliseconds, resolve);
    });

  /**
   * The blocks that are there for this worktree alone, in bytes: what removing it would free. A file
   * with several names counts once, and not at all while one of its names is elsewhere (a package store
   * that links into `node_modules`). Copies that share blocks (APFS, Btrfs, XFS) can't be told from
   * others without asking about each file's extents; they count whole.
   */
  async function measure({ path, isMain, nested }: Place): Promise<number | null> {
    const leaveOut = new Set(nested);
    // The main worktree's `.git` is the repository of all of them.
    if (isMain) leaveOut.add(join(path, '.git'));
    const linked = new Map<string, { bytes: number; missing: number }>();
    let bytes = 0;
    const root = await statOf(path);
    if (root === null) return null;
    const count = (stats: Stats) => {
      const size = stats.blocks * BLOCK_BYTES;
      if (stats.isDirectory() || stats.nlink <= 1) {
        bytes += size;
        return;
      }
      const one = linked.get(`${stats.dev}:${stats.ino}`) ?? { bytes: size, missing: stats.nlink };
      one.missing--;
      linked.set(`${stats.dev}:${stats.ino}`, one);
    };
    count(root);
    const directories = [path];
    let begun = performance.now();
    let looked = 0;
    for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
      const entries = await readdir(directory).catch(() => []);
      for (const entry of entries) {
        const child = join(directory, entry);
        if (leaveOut.has(child)) continue;
        const stats = await statOf(child);
        // What is mounted in there is not the worktree's.
        if (stats === null || stats.dev !== root.dev) continue;
        count(stats);
        if (stats.isDirectory()) directories.push(child);
        if (++looked % BATCH !== 0) continue;
        await rest(Math.max(LEAST_REST_MS, (performance.now() - begun) * REST));
        if (disposed) return null;
        begun = performance.now();
      }
    }
    for (const one of linked.values()) if (one.missing <= 0) bytes += one.bytes;
    return bytes;
  }

  return {
    observe(facts: RepositoryFacts) {
      if (disposed) return;
      places.set(
        facts.location.id,
        facts.worktrees
          .filter(({ missing, stale }) => !missing && !stale)
          .map(({ id, path, isMain, lastActivityAt }) => ({
            id,
            path,
            isMain,
            activityAt: lastActivityAt,
            nested: facts.worktrees
              .filter((other) => other.id !== id && contains(path, other.path, deps.style))
              .map((other) => other.path),
          })),
      );
      void restored.then(() => {
        if (disposed) return;
        tell();
        plan();
      });
    },
    onUsage(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    dispose() {
      disposed = true;
      timer?.();
      listeners.clear();
    },
  };
}

const statOf = (path: string): Promise<Stats | null> => lstat(path).catch(() => null);
