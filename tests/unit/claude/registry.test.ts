import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRegistry, LIVENESS_MS, SWEEP_MS } from '../../../src-main/claude/registry';
import { isForeign, parseRegistryFile, registryPid } from '../../../src-main/claude/registry-file';
import { createManualClock } from '../../support/manual-clock';
import { followPace, p95 } from '../../support/pace';
import { poll } from '../../support/poll';
import { temporaryDirectory } from '../../support/temporary';

const entry = (pid: number, change: object = {}) => ({
  pid,
  sessionId: `session-${pid}`,
  cwd: '/repo',
  startedAt: Date.now() - 1000,
  procStart: String(pid * 10),
  status: 'idle',
  updatedAt: Date.now(),
  statusUpdatedAt: Date.now(),
  ...change,
});

async function setUp({ there = true, platform = 'linux' as 'linux' | 'darwin' } = {}) {
  const config = await temporaryDirectory();
  const directory = join(config, 'deeper', 'sessions');
  if (there) await mkdir(directory, { recursive: true });
  const clock = createManualClock(Date.now());
  const running = new Map<number, string>();
  const asked: (readonly number[])[] = [];
  const warnings: string[] = [];
  const bugs: unknown[] = [];
  const registry = createRegistry({
    directory,
    platform,
    clock,
    watch: true,
    log: {
      info: () => undefined,
      warn: (event) => warnings.push(event),
      bug: (_, error) => String(bugs.push(error)),
    },
    processes: {
      exists: (pid) => running.has(pid),
      async startTimes(pids) {
        asked.push(pids);
        return new Map(pids.flatMap((pid) => (running.has(pid) ? [[pid, running.get(pid) ?? '']] : [])));
      },
      bootTime: () => Date.now() - 3_600_000,
    },
  });
  let changes = 0;
  registry.onChange(() => {
    changes++;
  });
  onTestFinished(() => {
    registry.dispose();
    expect(bugs).toEqual([]);
  });
  const write = async (pid: number, change: object = {}) => {
    running.set(pid, String(pid * 10));
    await writeFile(join(directory, `${pid}.json`), JSON.stringify(entry(pid, change)));
  };
  const of = (pid: number) => registry.sessions().find((session) => session.pid === pid) ?? null;
  return { directory, config, clock, running, asked, warnings, registry, write, of, changes: () => changes };
}

test('only files named after a process are registry files', () => {
  expect(registryPid('123.json')).toBe(123);
  for (const name of ['123.abc.key', 'pid-9.json', '0.json', '12.json.tmp', 'x.json', '99999999999.json'])
    expect(registryPid(name), name).toBeNull();
});

test('a file is understood by what it has, and never trusted further', () => {
  expect(parseRegistryFile(7, '{"sessionId":"a","cwd":"/r"}', 5)).toMatchObject({
    pid: 7,
    procStart: null,
    status: null,
    startedAt: 5,
    updatedAt: 5,
    statusSince: 5,
  });
  expect(
    parseRegistryFile(7, '{"sessionId":"a","cwd":"/r","status":7,"name":[],"procStart":12}', 5),
  ).toMatchObject({
    status: null,
    name: null,
    procStart: '12',
  });
  expect(parseRegistryFile(7, '{"sessionId":"a","cwd":"/r","procStartFt":"134"}', 5)?.procStart).toBe('134');
  for (const torn of [
    '',
    '{"sessionId":"a"',
    '{"sessionId":"a","cwd":"/r"}x"}',
    '[]',
    'null',
    '{"cwd":"/r"}',
  ])
    expect(parseRegistryFile(7, torn, 5), torn).toBeNull();
});

test('a session of another machine or container is told apart', () => {
  const own = { machine: 'm1', namespace: 'pid:[1]' };
  expect(isForeign('linux:m1:pid:[1]', own)).toBe(false);
  expect(isForeign('linux:m1:pid:[2]', own)).toBe(true);
  expect(isForeign('linux:m2:pid:[1]', own)).toBe(true);
  expect(isForeign('darwin', own)).toBe(false);
  expect(isForeign(null, own)).toBe(false);
  expect(isForeign('linux:m2:pid:[1]', null)).toBe(false);
});

test('sessions are seen to come, change, clear and go', async () => {
  const { registry, write, of, directory } = await setUp();
  await write(11, { status: 'busy' });
  await registry.start();
  expect(of(11)).toMatchObject({
    key: '11:110',
    status: 'busy',
    alive: true,
    sinceBoot: true,
    foreign: false,
  });

  await write(12);
  await poll(
    () => of(12),
    (found) => found !== null,
  );
  await write(11, { status: 'waiting', waitingFor: 'permission prompt' });
  await poll(
    () => of(11),
    (found) => found?.waitingFor === 'permission prompt',
  );
  await write(11, { sessionId: 'after-clear' });
  expect(
    (
      await poll(
        () => of(11),
        (found) => found?.sessionId === 'after-clear',
      )
    )?.key,
  ).toBe('11:110');
  await rm(join(directory, '11.json'));
  await poll(
    () => of(11),
    (found) => found === null,
  );
  expect(of(12)).not.toBeNull();
});

test('the directory may come later, go away and come back', async () => {
  const { registry, write, of, directory, config } = await setUp({ there: false });
  await registry.start();
  expect(registry.sessions()).toEqual([]);
  await mkdir(directory, { recursive: true });
  await write(11);
  await poll(
    () => of(11),
    (found) => found !== null,
  );
  await rename(join(config, 'deeper'), join(config, 'gone'));
  await registry.refresh();
  expect(of(11)).toBeNull();
  await mkdir(directory, { recursive: true });
  await registry.refresh();
  await write(12);
  await poll(
    () => of(12),
    (found) => found !== null,
  );
});

test('a torn file keeps its last good state for a while, then is unknown, then recovers', async () => {
  const { registry, write, of, directory, clock, warnings } = await setUp();
  await write(11, { status: 'busy' });
  await registry.start();
  await writeFile(join(directory, '11.json'), '{"sessionId":"sess');
  await registry.refresh();
  expect(of(11)?.status).toBe('busy');
  await poll(
    () => {
      clock.advance(200);
      return of(11);
    },
    (found) => found?.status === 'unreadable',
  );
  expect(warnings).toEqual(['claude.registry-unreadable']);
  await write(11, { status: 'idle' });
  await poll(
    () => of(11),
    (found) => found?.status === 'idle',
  );
});

test('a file that was torn only for an instant is read again without another event', async () => {
  const { registry, of, directory, clock, running } = await setUp();
  await registry.start();
  running.set(11, '110');
  await writeFile(join(directory, '11.json'), '{');
  await poll(
    () => clock.pending(),
    (pending) => pending > 1, // The sweep and the retry.
  );
  await rm(join(directory, '11.json'));
  await writeFile(join(directory, 'later'), JSON.stringify(entry(11)));
  await rename(join(directory, 'later'), join(directory, '11.json'));
  await poll(
    () => {
      clock.advance(20);
      return of(11);
    },
    (found) => found !== null,
  );
});

test('a killed session is noticed by its process, within one look', async () => {
  const { registry, write, of, clock, running } = await setUp();
  await write(11, { status: 'busy' });
  await write(12);
  await registry.start();
  running.delete(11);
  clock.advance(LIVENESS_MS);
  expect(
    await poll(
      () => of(11),
      (found) => found?.alive === false,
    ),
  ).toMatchObject({ sinceBoot: true });
  expect(of(12)?.alive).toBe(true);
});

test('a number that another process has now is no living session', async () => {
  const { registry, write, of, running } = await setUp();
  await write(11);
  running.set(11, '999');
  await registry.start();
  expect(of(11)?.alive).toBe(false);
});

test('a file from before this boot is told apart from a crash', async () => {
  const { registry, write, of, running } = await setUp();
  await write(11, { updatedAt: Date.now() - 7_200_000, statusUpdatedAt: Date.now() - 7_200_000 });
  running.delete(11);
  await registry.start();
  expect(of(11)).toMatchObject({ alive: false, sinceBoot: false });
});

test('nobody is asked about processes elsewhere', async () => {
  const { registry, write, of, asked, running } = await setUp();
  await write(11, { pidDomain: 'linux:ffffffffffffffffffffffffffffffff:pid:[1]' });
  running.delete(11);
  await registry.start();
  expect(of(11)).toMatchObject({ foreign: true, alive: true });
  expect(asked.flat()).not.toContain(11);
});

test('where asking costs a process, a living session is asked about once, not at every look', async () => {
  const { registry, write, of, asked, clock, running } = await setUp({ platform: 'darwin' });
  await write(11, { procStart: 'Fri Sep 11 09:43:48 2026' });
  running.set(11, 'Fri Sep 11 09:43:48 2026');
  await registry.start();
  const questions = asked.length;
  for (let look = 0; look < 10; look++) {
    clock.advance(LIVENESS_MS);
    await Promise.resolve();
  }
  await write(11, { procStart: 'Fri Sep 11 09:43:48 2026', status: 'busy' });
  await poll(
    () => of(11),
    (found) => found?.status === 'busy',
  );
  expect(asked).toHaveLength(questions);
  // The question itself failed: that is no crash.
  running.set(12, '');
  expect(of(11)?.alive).toBe(true);
});

test('what the watcher missed is found by the sweep; nothing new is no change', async () => {
  const { registry, write, of, clock, changes, directory } = await setUp();
  await write(11);
  await registry.start();
  const before = changes();
  await registry.refresh();
  expect(changes()).toBe(before);
  await rm(join(directory, '11.json'));
  clock.advance(SWEEP_MS);
  await poll(
    () => of(11),
    (found) => found === null,
  );
});

test('a change reaches the listener in milliseconds, also in a burst', async () => {
  const { registry, write, of } = await setUp();
  await write(11);
  await registry.start();
  const pace = followPace();
  const delays: number[] = [];
  registry.onChange(() => delays.push(Date.now() - (of(11)?.updatedAt ?? 0)));
  for (let change = 0; change < 40; change++) {
    const seen = delays.length;
    await write(11, { status: change % 2 === 0 ? 'busy' : 'idle', updatedAt: Date.now() });
    await poll(
      () => delays.length,
      (count) => count > seen,
      { everyMs: 1 },
    );
  }
  // About 2 ms; the bar is the whole product's.
  expect(p95(delays)).toBeLessThan(300 * pace());
  await Promise.all(Array.from({ length: 50 }, (_, step) => write(11, { status: `burst-${step}` })));
  await write(11, { status: 'last' });
  await poll(
    () => of(11),
    (found) => found?.status === 'last',
  );
});

test('looking for the dead reads no file, but now and then, for a zombie or a number that was given away', async () => {
  const { registry, write, of, asked, clock, running } = await setUp();
  await write(11);
  await registry.start();
  const questions = asked.length;
  const look = async () => {
    clock.advance(LIVENESS_MS);
    await new Promise((next) => setImmediate(next));
  };
  for (let n = 0; n < 2; n++) await look();
  expect(asked).toHaveLength(questions);
  running.set(11, '999');
  await look();
  await poll(
    () => of(11)?.alive,
    (alive) => alive === false,
  );
});

test('many files at once are asked about together, not each with all the others', async () => {
  const { registry, write, of, asked } = await setUp();
  for (let pid = 1_000; pid < 1_100; pid++) await write(pid);
  await registry.start();
  expect(of(1_099)?.alive).toBe(true);
  expect(registry.sessions()).toHaveLength(100);
  expect(asked.flat().length).toBeLessThan(250);
});
