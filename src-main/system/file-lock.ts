import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { FileFailure } from '../contract/failures';
import type { Result } from '../contract/result';
import { fail, ok } from '../contract/result';
import type { Clock, Log } from '../engine/ports';
import { errorCode, fileFailure } from './file-failure';
import { hostIdentity, ownName } from './left-files';
import { isAlive } from './processes';

/** What tells one process from a later one that was given the same number. */
export interface ProcessIdentity {
  /** When the process started, in the system's own words; null when it is gone or can't be told. */
  startTime(pid: number): Promise<string | null>;
  /** Differs after every start of the machine. */
  bootId(): Promise<string>;
}

const ownerSchema = z.object({
  token: z.string(),
  /** Identity of the machine and, on Linux, of the process namespace that the pid means something in. */
  host: z.string(),
  /** For people. */
  hostName: z.string(),
  bootId: z.string(),
  pid: z.number().int().positive(),
  startTime: z.string().nullable(),
  what: z.string(),
  at: z.number(),
});
export type LockOwner = Readonly<z.infer<typeof ownerSchema>>;

export interface HeldLock {
  readonly owner: LockOwner;
  /** Says anew what it is held for, to whoever waits; never throws. */
  say(what: string): Promise<void>;
  /** Removes the lock file if it is still this lock's; never throws. */
  release(): Promise<void>;
}

/** Someone else has it. `owner` is null when the file can't be read as a lock. */
export interface LockHeld {
  readonly kind: 'held';
  readonly file: string;
  readonly owner: LockOwner | null;
  /** The owner is on another machine or in another container: only a person can tell if it is gone. */
  readonly foreign: boolean;
}

export interface FileLock {
  /**
   * Takes the lock, waiting at most `waitMs` for a living owner. The directory is made when missing.
   * A lock whose owner died on this machine is taken over; one of another machine never is.
   */
  acquire(
    file: string,
    what: string,
    options?: {
      readonly waitMs?: number;
      readonly signal?: AbortSignal;
      /** Called as soon as it has to wait, and again when what it waits for changes. */
      readonly onWait?: (held: LockHeld) => void;
    },
  ): Promise<Result<HeldLock, LockHeld | FileFailure>>;
}

export interface FileLockOptions {
  readonly processes: ProcessIdentity;
  readonly clock: Clock;
  readonly log: Log;
  /** Overrides for tests of other machines; by default what this process is. */
  readonly self?: { readonly host: string; readonly pid: number };
}

const FIRST_RETRY_MS = 20;
const SLOWEST_RETRY_MS = 250;
/** A file that is the beginning of a lock may be one that is being written, on a disk without hard links. */
const UNREADABLE_GRACE_MS = 1_000;
/** A taker-over that died in turn leaves a guard; each level needs a crash within microseconds. */
const DEEPEST_GUARD = 4;

/**
 * A lock between processes that survives crashes. The file appears whole (written aside, then hard
 * linked, which is atomic also on NFS: https://man7.org/linux/man-pages/man2/open.2.html, O_EXCL), and
 * says who holds it.
 *
 * Taking over a dead lock is the part that usually races: two that both saw it dead, and the second
 * removes the first one's fresh lock. Here only the holder of a guard (a lock of the same kind, named
 * after the dead lock's own token) may remove that dead lock, and it looks again before it does.
 */
export function createFileLock({ processes, clock, log, self }: FileLockOptions): FileLock {
  let identity: Promise<Pick<LockOwner, 'host' | 'bootId' | 'pid' | 'startTime'>> | null = null;
  const whoAmI = () => {
    identity ??= (async () => {
      const pid = self?.pid ?? process.pid;
      const [host, bootId, startTime] = await Promise.all([
        self?.host ?? hostIdentity(),
        processes.bootId(),
        processes.startTime(pid),
      ]);
      return { host, bootId, pid, startTime };
    })();
    return identity;
  };

  const state = async (owner: LockOwner): Promise<'alive' | 'dead' | 'foreign'> => {
    const me = await whoAmI();
    if (owner.host !== me.host) return 'foreign';
    if (owner.bootId !== me.bootId) return 'dead';
    if (!(await isAlive(owner.pid))) return 'dead';
    if (owner.startTime === null) return 'alive';
    const startTime = await processes.startTime(owner.pid);
    return startTime === null || startTime === owner.startTime ? 'alive' : 'dead';
  };

  const remove = async (file: string) => {
    // Windows answers EPERM or EBUSY while a virus scanner holds the file for a moment.
    for (let attempt = 1; ; attempt++) {
      try {
        await unlink(file);
        return;
      } catch (error) {
        const code = errorCode(error);
        if (code === 'ENOENT') return;
        if (attempt === 5 || (code !== 'EPERM' && code !== 'EBUSY')) throw error;
        await pause(clock, FIRST_RETRY_MS * attempt);
      }
    }
  };

  const held = (file: string, owner: LockOwner): HeldLock => ({
    owner,
    async say(what) {
      const aside = `${file}.${owner.token}.say`;
      try {
        const current = await look(file);
        if (current.state !== 'readable' || current.owner.token !== owner.token) return;
        await writeNew(aside, `${JSON.stringify({ ...owner, what })}\n`);
        await rename(aside, file);
      } catch (error) {
        // Only words: the lock is held all the same.
        await unlink(aside).catch(() => undefined);
        log.warn('lock.not-said', { file, error: String(error) });
      }
    },
    async release() {
      try {
        const current = await look(file);
        if (current.state === 'readable' && current.owner.token === owner.token) await remove(file);
        else if (current.state !== 'absent') log.warn('lock.not-ours', { file });
      } catch (error) {
        log.warn('lock.not-released', { file, error: String(error) });
      }
    },
  });

  /** Removes a dead lock if it is still the one that was seen; answers whether to try again at once. */
  const breakDead = async (file: string, seen: Seen, level: number): Promise<boolean> => {
    if (level >= DEEPEST_GUARD || seen.state === 'absent') return false;
    const guard = await attempt(`${file}.${seen.mark}`, 'taking over a dead lock', level + 1);
    if (!guard.ok) return false;
    try {
      const now = await look(file);
      if (now.state !== 'absent' && now.mark === seen.mark) {
        await remove(file);
        log.info('lock.taken-over', { file, owner: seen.state === 'readable' ? seen.owner : null });
      }
      return true;
    } finally {
      await guard.value.release();
    }
  };

  /** One try; a dead owner is cleared away on the way. */
  const attempt = async (
    file: string,
    what: string,
    level: number,
  ): Promise<Result<HeldLock, LockHeld | FileFailure>> => {
    const me = await whoAmI();
    const owner: LockOwner = {
      ...me,
      token: randomBytes(8).toString('hex'),
      hostName: hostname(),
      what,
      at: clock.now(),
    };
    for (;;) {
      try {
        const made = await createWhole(file, owner);
        if (made === 'made') return ok(held(file, owner));
        const seen = await look(file);
        if (seen.state === 'absent') continue;
        // An NFS server may have made the link and lost the answer.
        if (seen.state === 'readable' && seen.owner.token === owner.token) return ok(held(file, owner));
        const condition =
          seen.state === 'readable'
            ? await state(seen.owner)
            : (made === 'taken' && !seen.begun) || Date.now() - seen.modifiedAt > UNREADABLE_GRACE_MS
              ? 'dead'
              : 'alive';
        if (condition === 'dead' && (await breakDead(file, seen, level))) continue;
        return fail({
          kind: 'held',
          file,
          owner: seen.state === 'readable' ? seen.owner : null,
          foreign: condition === 'foreign',
        });
      } catch (error) {
        return fail(fileFailure(error, file));
      }
    }
  };

  return {
    async acquire(file, what, { waitMs = 0, signal, onWait } = {}) {
      try {
        await mkdir(dirname(file), { recursive: true });
      } catch (error) {
        return fail(fileFailure(error, dirname(file)));
      }
      const end = clock.now() + waitMs;
      let said: string | null = null;
      for (let delay = FIRST_RETRY_MS; ; delay = Math.min(delay * 2, SLOWEST_RETRY_MS)) {
        const result = await attempt(file, what, 0);
        if (result.ok || result.error.kind !== 'held') return result;
        const left = end - clock.now();
        if (left <= 0 || signal?.aborted === true) return result;
        const doing = result.error.owner?.what ?? '';
        if (doing !== said) onWait?.(result.error);
        said = doing;
        await pause(clock, Math.min(delay, left), signal);
      }
    },
  };
}

type Seen =
  | { readonly state: 'absent' }
  | { readonly state: 'readable'; readonly owner: LockOwner; readonly mark: string }
  | {
      readonly state: 'unreadable';
      readonly modifiedAt: number;
      readonly mark: string;
      /** It begins as a lock does; zeros and garbage (a power cut) never were one. */
      readonly begun: boolean;
    };

async function look(file: string): Promise<Seen> {
  try {
    const content = await readFile(file, 'utf8');
    const owner = parseOwner(content);
    if (owner !== null) return { state: 'readable', owner, mark: owner.token };
    const { mtimeMs, ino } = await stat(file);
    const mark = `${Math.trunc(mtimeMs)}-${ino}`;
    return { state: 'unreadable', modifiedAt: mtimeMs, mark, begun: /^\{[^\0]*$/.test(content) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { state: 'absent' };
    throw error;
  }
}

function parseOwner(content: string): LockOwner | null {
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(content));
    // The token becomes part of a file name.
    return parsed.success && /^[0-9a-f]{16}$/.test(parsed.data.token) ? parsed.data : null;
  } catch {
    return null;
  }
}

/**
 * Makes the file with its whole content. `taken`: it is there already, and was made whole, so one that
 * can't be read is what a power cut left. `taken, maybe torn`: on a disk without hard links it may be half
 * written this very moment.
 */
async function createWhole(file: string, owner: LockOwner): Promise<'made' | 'taken' | 'taken, maybe torn'> {
  const content = `${JSON.stringify(owner)}\n`;
  const aside = `${file}.${await ownName()}.new`;
  try {
    await writeNew(aside, content);
    await link(aside, file);
    return 'made';
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return 'taken';
    // exFAT, FAT and some network disks have no hard links: the file may then be seen half written.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
  } finally {
    await unlink(aside).catch(() => undefined);
  }
  try {
    await writeNew(file, content);
    return 'made';
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'taken, maybe torn';
    throw error;
  }
}

async function writeNew(file: string, content: string): Promise<void> {
  const handle = await open(file, 'wx', 0o644);
  try {
    await handle.writeFile(content);
    // After a power cut the name may survive the content.
    await handle.sync();
  } catch (error) {
    await handle.close();
    await unlink(file).catch(() => undefined);
    throw error;
  }
  await handle.close();
}

function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // A clock's timers let the process end; somebody waiting for a lock must not.
    const awake = setInterval(() => undefined, 60_000);
    const done = () => {
      clearInterval(awake);
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
