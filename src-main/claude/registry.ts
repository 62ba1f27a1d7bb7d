import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cancel, Clock, Log } from '../engine/ports';
import { type Platform, type Processes, sameStartTime } from '../system/processes';
import { createDirectoryWatch } from './directory-watch';
import {
  isForeign,
  type OwnDomain,
  parseRegistryFile,
  type RegistryRecord,
  registryPid,
} from './registry-file';

export interface RegisteredSession extends RegistryRecord {
  /** `<pid>:<procStart>`; of clients that don't write it, with the session's start. */
  readonly key: string;
  readonly alive: boolean;
  readonly foreign: boolean;
  readonly sinceBoot: boolean;
}

export interface Registry {
  /** Reads it once; with `watch`, goes on watching until `dispose`. */
  start(): Promise<void>;
  sessions(): readonly RegisteredSession[];
  /** Called after every change with what changed, and only then. */
  onChange(listener: () => void): Cancel;
  /** Reads everything anew, process start times included. */
  refresh(): Promise<void>;
  dispose(): void;
}

export interface RegistryDeps {
  /** `<config>/sessions`; may not be there yet. */
  readonly directory: string;
  readonly platform: Platform;
  readonly processes: Pick<Processes, 'exists' | 'startTimes' | 'bootTime'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly watch: boolean;
}

/** Behind the watcher, for what it missed. */
export const SWEEP_MS = 30_000;
/** How soon a killed session is noticed; one look costs no process, and not even a read of a file. */
export const LIVENESS_MS = 2_000;
/**
 * How soon on Linux a session is noticed that was killed and whose parent does not bury it (seen with tmux's
 * server, for as long as it ran): its number still exists, so a file is read for each session.
 */
const ZOMBIES_MS = 6_000;
/** The client writes in place: a torn file is whole again within this. */
const TORN_RETRY_MS = 15;
const TORN_GIVEN_UP_MS = 2_000;
/** The boot time is reckoned from the uptime, which is not exact. */
const BOOT_SLACK_MS = 5_000;
/** Where start times cost a process, a number that was reused is looked for this often. */
const START_TIMES_MS = 120_000;

interface Held {
  record: RegistryRecord;
  alive: boolean;
  foreign: boolean;
  /** False until its start time was compared. */
  verified: boolean;
}

export function createRegistry(deps: RegistryDeps): Registry {
  const { directory, platform, processes, clock, log } = deps;
  const held = new Map<string, Held>();
  const tornSince = new Map<string, number>();
  const reading = new Map<string, { again: boolean; done: Promise<void> }>();
  const listeners = new Set<() => void>();
  const bootedAt = processes.bootTime();
  let own: OwnDomain = null;
  let startTimesAt = Number.NEGATIVE_INFINITY;
  let verifiedAt = clock.now();
  let disposed = false;
  let cancelSweep: Cancel = () => undefined;
  let cancelLiveness: Cancel | null = null;
  const retries = new Set<Cancel>();

  const changed = () => {
    for (const listener of listeners) listener();
  };

  /** Compares the start times of those that have not been, or of all; true when somebody turned out dead. */
  const verify = async (all: boolean): Promise<boolean> => {
    const wanted = [...held.values()].filter((one) => !one.foreign && one.alive && (all || !one.verified));
    if (wanted.length === 0) return false;
    const startTimes = await processes.startTimes(wanted.map(({ record }) => record.pid));
    let died = false;
    for (const one of wanted) {
      const { pid, procStart } = one.record;
      const found = startTimes.get(pid);
      one.verified = true;
      // Elsewhere than on Linux the question itself may have failed.
      if (found === undefined) one.alive = platform !== 'linux' && processes.exists(pid);
      else one.alive = procStart === null || sameStartTime(procStart, found, platform);
      died ||= !one.alive;
    }
    return died;
  };

  /** One at a time; whoever comes meanwhile shares the next one: many files at once are two or three. */
  let verifying: Promise<unknown> = Promise.resolve();
  let nextVerify: Promise<boolean> | null = null;
  const verifyFresh = (): Promise<boolean> => {
    nextVerify ??= verifying.then(() => {
      nextVerify = null;
      const done = verify(false);
      verifying = done.catch(() => undefined);
      return done;
    });
    return nextVerify;
  };

  const torn = (name: string) => {
    const now = clock.now();
    const since = tornSince.get(name) ?? now;
    tornSince.set(name, since);
    const one = held.get(name);
    if (now - since < TORN_GIVEN_UP_MS) {
      if (!deps.watch) return;
      const cancel = clock.schedule(TORN_RETRY_MS, () => {
        retries.delete(cancel);
        background(read(name));
      });
      retries.add(cancel);
    } else if (one !== undefined && one.record.status !== UNREADABLE) {
      log.warn('claude.registry-unreadable', { file: name });
      one.record = { ...one.record, status: UNREADABLE, waitingFor: null };
      changed();
    }
  };

  const readOnce = async (name: string, pid: number): Promise<void> => {
    const record = await readRecord(join(directory, name), pid);
    if (disposed) return;
    if (record === 'gone') {
      tornSince.delete(name);
      if (held.delete(name)) changed();
      return;
    }
    if (record === 'torn') return torn(name);
    tornSince.delete(name);
    const before = held.get(name);
    if (before !== undefined && JSON.stringify(before.record) === JSON.stringify(record)) return;
    // The number alone was given to another process, or this is the first look.
    if (before === undefined || keyOf(before.record) !== keyOf(record)) {
      const foreign = isForeign(record.pidDomain, own);
      held.set(name, { record, alive: true, foreign, verified: false });
      await verifyFresh();
    } else before.record = record;
    changed();
  };

  /** One at a time per file; what happens meanwhile is read once more afterwards. */
  const read = (name: string): Promise<void> => {
    const pid = registryPid(name);
    if (pid === null || disposed) return Promise.resolve();
    const running = reading.get(name);
    if (running !== undefined) {
      running.again = true;
      return running.done;
    }
    const run = { again: false, done: Promise.resolve() };
    reading.set(name, run);
    run.done = (async () => {
      do {
        run.again = false;
        await readOnce(name, pid);
      } while (run.again && !disposed);
    })().finally(() => reading.delete(name));
    return run.done;
  };

  const readAll = async (): Promise<void> => {
    const names = await readdir(directory).catch(() => []);
    const there = new Set(names);
    for (const name of held.keys())
      if (!there.has(name)) {
        held.delete(name);
        tornSince.delete(name);
        changed();
      }
    await Promise.all(names.map(read));
  };

  const background = (work: Promise<unknown>) => {
    work.catch((error: unknown) => log.bug('claude.registry', error));
  };

  const watcher = createDirectoryWatch(
    directory,
    (name) => background(name === null ? readAll() : read(name)),
    log,
  );

  /** A killed session leaves its file as it is: only its process can tell. */
  const watchLiveness = () => {
    if (cancelLiveness !== null || disposed || !deps.watch) return;
    if (![...held.values()].some(({ alive, foreign }) => alive && !foreign)) return;
    cancelLiveness = clock.schedule(LIVENESS_MS, () => {
      background(
        lookForDead().finally(() => {
          cancelLiveness = null;
          watchLiveness();
        }),
      );
    });
  };
  const lookForDead = async () => {
    // A zombie, or another process that was given the number: only its start time tells.
    if (platform === 'linux' && clock.now() - verifiedAt >= ZOMBIES_MS) {
      verifiedAt = clock.now();
      if (await verify(true)) await afterDeath();
      return;
    }
    let died = false;
    for (const one of held.values())
      if (one.alive && !one.foreign && !processes.exists(one.record.pid)) {
        one.alive = false;
        died = true;
      }
    if (died) await afterDeath();
  };
  /** A clean end takes the file away before the process goes: look again before calling it a crash. */
  const afterDeath = async () => {
    await readAll();
    changed();
  };

  const sweep = () => {
    cancelSweep = clock.schedule(SWEEP_MS, () => {
      background(
        (async () => {
          await watcher.ensure();
          await readAll();
          const due = clock.now() - startTimesAt >= START_TIMES_MS;
          if (due && platform !== 'linux') {
            startTimesAt = clock.now();
            if (await verify(true)) changed();
          }
        })().finally(() => {
          if (!disposed) sweep();
        }),
      );
    });
  };

  listeners.add(watchLiveness);

  return {
    async start() {
      own = await ownDomain(platform);
      // Before the first read, so that nothing falls in between.
      if (deps.watch) await watcher.ensure();
      await readAll();
      startTimesAt = clock.now();
      if (deps.watch && !disposed) sweep();
      watchLiveness();
    },
    sessions: () =>
      [...held.values()].map(({ record, alive, foreign }) => ({
        ...record,
        key: keyOf(record),
        alive,
        foreign,
        sinceBoot: record.updatedAt >= bootedAt - BOOT_SLACK_MS,
      })),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async refresh() {
      if (deps.watch) await watcher.ensure();
      await readAll();
      if (await verify(true)) await afterDeath();
    },
    dispose() {
      disposed = true;
      watcher.close();
      cancelSweep();
      cancelLiveness?.();
      for (const cancel of retries) cancel();
      retries.clear();
      listeners.clear();
    },
  };
}

/** The client writes in place, so a file may be torn for an instant: it is read again a few times at once. */
async function readRecord(file: string, pid: number): Promise<RegistryRecord | 'gone' | 'torn'> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    try {
      const content = await readFile(file, 'utf8');
      const record = parseRegistryFile(pid, content, (await stat(file)).mtimeMs);
      if (record !== null) return record;
    } catch {
      return 'gone';
    }
  }
  return 'torn';
}

/** What stands for the status of a file that stays torn: no state of Claude Code's, so shown as unknown. */
const UNREADABLE = 'unreadable';

const keyOf = ({ pid, procStart, startedAt }: RegistryRecord) => `${pid}:${procStart ?? startedAt}`;

async function ownDomain(platform: Platform): Promise<OwnDomain> {
  if (platform !== 'linux') return null;
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return { machine: machine.trim(), namespace };
}
