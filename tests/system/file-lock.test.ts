import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LockOwner, ProcessIdentity } from '../../src-main/system/file-lock';
import { createFileLock } from '../../src-main/system/file-lock';
import { createManualClock } from '../support/manual-clock';
import { poll } from '../support/poll';
import { createSilentLog } from '../support/silent-log';
import { temporaryDirectory } from '../support/temporary';

const startTimes = (known: Readonly<Record<number, string>>, bootId = 'boot-2'): ProcessIdentity => ({
  startTime: async (pid) => known[pid] ?? null,
  bootId: async () => bootId,
});

async function setUp(processes: ProcessIdentity = startTimes({ [process.pid]: 'now' })) {
  const directory = await temporaryDirectory();
  const file = join(directory, 'lock');
  const clock = createManualClock();
  const log = createSilentLog();
  const contender = () => createFileLock({ processes, clock, log, self: { host: 'here', pid: process.pid } });
  const leave = (owner: Partial<LockOwner>) =>
    writeFile(
      file,
      JSON.stringify({
        token: '0123456789abcdef',
        host: 'here',
        hostName: 'here.local',
        bootId: 'boot-2',
        pid: process.pid,
        startTime: 'now',
        what: 'spawning',
        at: 1,
        ...owner,
      } satisfies LockOwner),
    );
  return { directory, file, clock, log, contender, leave };
}

/** A number that belonged to a process a moment ago. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.once('exit', resolve));
  return child.pid ?? 0;
}

describe('a lock file', () => {
  it('says who holds it and leaves nothing behind', async () => {
    const { directory, file, contender } = await setUp();
    const held = await contender().acquire(file, 'spawning “a task”');
    if (!held.ok) throw new Error('not acquired');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      pid: process.pid,
      startTime: 'now',
      bootId: 'boot-2',
      what: 'spawning “a task”',
    });
    await held.value.release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('makes the directory it stands in', async () => {
    const { directory, contender } = await setUp();
    const held = await contender().acquire(join(directory, 'a/b/lock'), 'x');
    expect(held.ok).toBe(true);
  });

  it('refuses a second holder, by name, once the wait is over', async () => {
    const { file, clock, contender } = await setUp();
    const first = await contender().acquire(file, 'merging');
    expect(first.ok).toBe(true);
    let second: Awaited<ReturnType<ReturnType<typeof contender>['acquire']>> | undefined;
    void contender()
      .acquire(file, 'spawning', { waitMs: 1_000 })
      .then((result) => {
        second = result;
      });
    await poll(() => clock.pending() > 0 && second === undefined, Boolean, { what: 'the wait' });
    await poll(
      () => {
        clock.advance(100);
        return second;
      },
      (result) => result !== undefined,
    );
    expect(second).toMatchObject({
      ok: false,
      error: { kind: 'held', foreign: false, owner: { what: 'merging' } },
    });
  });

  it('goes to whoever waits when it is released', async () => {
    const { file, clock, contender } = await setUp();
    const first = await contender().acquire(file, 'first');
    const waiting = contender().acquire(file, 'second', { waitMs: 60_000 });
    await poll(() => clock.pending() > 0);
    if (first.ok) await first.value.release();
    clock.advance(1_000);
    expect(await waiting).toMatchObject({ ok: true });
  });

  it('stops waiting when told', async () => {
    const { file, clock, contender } = await setUp();
    await contender().acquire(file, 'first');
    const stop = new AbortController();
    const waiting = contender().acquire(file, 'second', { waitMs: 60_000, signal: stop.signal });
    await poll(() => clock.pending() > 0);
    stop.abort();
    expect(await waiting).toMatchObject({ ok: false, error: { kind: 'held' } });
  });

  it.each([
    ['the process is gone', async () => ({ pid: await deadPid() })],
    ['its number belongs to a later process', async () => ({ startTime: 'before' })],
    ['the machine was started anew', async () => ({ bootId: 'boot-1' })],
  ])('is taken over when %s', async (_, owner) => {
    const { directory, file, contender, leave, log } = await setUp();
    await leave(await owner());
    const held = await contender().acquire(file, 'after a crash');
    expect(held).toMatchObject({ ok: true, value: { owner: { what: 'after a crash' } } });
    expect(await readdir(directory)).toEqual(['lock']);
    expect(log.lines.map((line) => line.event)).toContain('lock.taken-over');
  });

  it('of another machine is never taken, however dead it looks', async () => {
    const { file, contender, leave } = await setUp();
    await leave({ host: 'elsewhere', bootId: 'boot-1', pid: await deadPid() });
    expect(await contender().acquire(file, 'x')).toMatchObject({
      ok: false,
      error: { foreign: true, owner: { host: 'elsewhere' } },
    });
    expect(await readFile(file, 'utf8')).toContain('elsewhere');
  });

  it('whose owner’s start can’t be told counts as alive', async () => {
    const { file, contender, leave } = await setUp(startTimes({}));
    await leave({});
    expect(await contender().acquire(file, 'x')).toMatchObject({ ok: false, error: { foreign: false } });
  });

  it('torn by a crash is taken over, but not while it may still be being written', async () => {
    const { file, contender } = await setUp();
    await writeFile(file, '{"tok');
    expect(await contender().acquire(file, 'x')).toMatchObject({ ok: false, error: { owner: null } });
    const old = new Date(Date.now() - 60_000);
    await utimes(file, old, old);
    expect(await contender().acquire(file, 'x')).toMatchObject({ ok: true });
  });

  it('goes to exactly one of many that find it dead at once', async () => {
    const { directory, file, contender, leave } = await setUp();
    await leave({ bootId: 'boot-1' });
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, index) => contender().acquire(file, `contender ${index}`)),
    );
    // A contender may meanwhile have given up on a guard; nobody may have been let in beside another.
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(await readdir(directory)).toEqual(['lock']);
  });

  it('is taken over though the one that was taking it over died too', async () => {
    const { directory, file, contender, leave } = await setUp();
    await leave({ bootId: 'boot-1' });
    const dead = await readFile(file, 'utf8');
    await writeFile(`${file}.0123456789abcdef`, dead.replace('0123456789abcdef', 'fedcba9876543210'));
    expect(await contender().acquire(file, 'x')).toMatchObject({ ok: true });
    expect(await readdir(directory)).toEqual(['lock']);
  });

  it('is not removed by a former holder', async () => {
    const { file, contender, leave, log } = await setUp();
    const held = await contender().acquire(file, 'x');
    await leave({ what: 'somebody else' });
    if (held.ok) await held.value.release();
    expect(await readFile(file, 'utf8')).toContain('somebody else');
    expect(log.lines.map((line) => line.event)).toContain('lock.not-ours');
  });

  it('says what is wrong where it can’t be written', async () => {
    const { directory, contender } = await setUp();
    await writeFile(join(directory, 'file'), '');
    expect(await contender().acquire(join(directory, 'file', 'lock'), 'x')).toMatchObject({
      ok: false,
      error: { kind: 'file-failed', path: join(directory, 'file') },
    });
    await mkdir(join(directory, 'lock-is-a-directory'));
    const result = await contender().acquire(join(directory, 'lock-is-a-directory'), 'x');
    expect(result).toMatchObject({ ok: false, error: { kind: 'file-failed' } });
  });
});
