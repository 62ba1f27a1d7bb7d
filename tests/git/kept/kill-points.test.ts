/**
 * Every operation is killed with all that it started, git's own processes included, before and in the
 * middle of single changes of files; then Orchard starts anew. Whatever the moment, everything is exactly
 * as before or as after, and a second start changes nothing. `ORCHARD_LONG=1` takes every point.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { createKillMemory, whyNoKills } from '../../support/kill/kill-at';
import { createKillScene, type KillScene, litterIn } from '../../support/kill/scene';
import type { ChildTask } from '../../support/landing/child';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import { childRunner } from '../../support/landing/run-child';
import { createRecordingSpawner } from '../../support/spawner';

const unable = whyNoKills();
const runChild = childRunner();
const whole = process.env.ORCHARD_LONG === '1';
/** For a look at one operation: how many points, and where the sample begins. */
const asked = Number(process.env.ORCHARD_KILL_POINTS ?? '0');
const seed = Number(process.env.ORCHARD_KILL_SEED ?? '7');

type Action = ChildTask['action'];
interface Operation {
  readonly name: string;
  readonly action: Action;
  readonly prepare?: (scene: KillScene) => Promise<void>;
  /** Quick is two operations: between them it is merged and not yet cleaned up. */
  readonly between?: Action;
  /** In `npm test`. */
  readonly points: number;
}

const merge = (strategy: 'merge' | 'squash' | 'ff', update: 'merge' | 'rebase', push = false) =>
  ({ kind: 'merge', strategy, update, push }) as const;

const operations: readonly Operation[] = [
  { name: 'spawn', action: { kind: 'spawn' }, prepare: forSpawn, points: 3 },
  { name: 'merge, updated by a merge', action: merge('merge', 'merge'), points: 3 },
  { name: 'merge, updated by a rebase', action: merge('merge', 'rebase'), points: 2 },
  { name: 'squash', action: merge('squash', 'merge'), points: 2 },
  { name: 'fast-forward', action: merge('ff', 'rebase'), points: 2 },
  { name: 'merge and push', action: merge('merge', 'merge', true), points: 3 },
  { name: 'rebase now', action: { kind: 'rebase' }, points: 3 },
  { name: 'cleanup', action: { kind: 'cleanup', deleteRemote: false }, points: 3 },
  {
    name: 'quick',
    action: merge('squash', 'rebase'),
    prepare: quick,
    between: merge('squash', 'rebase'),
    points: 3,
  },
  { name: 'undo of a cleanup', action: { kind: 'undo' }, prepare: cleanedUp, points: 3 },
  { name: 'undo of a merge', action: { kind: 'undo' }, prepare: merged, points: 3 },
];

const houseOf = (scene: KillScene) =>
  createHouse({ locations: [scene.location], env: scene.env, home: scene.sandbox.home });

async function forSpawn(scene: KillScene) {
  await scene.sandbox.write(
    join(scene.repository, '.orchard.json'),
    JSON.stringify({ setup: 'mkdir -p built && echo x > built/x' }),
  );
  await scene.sandbox.git(scene.repository, 'add', '.orchard.json');
  await scene.sandbox.git(scene.repository, 'commit', '-qm', 'Set up');
}

async function quick(scene: KillScene, yes = true) {
  const record = {
    version: 1,
    entry: 'project-wt-login',
    path: scene.worktree,
    task: 'log in',
    branch: 'feature/login',
    base: 'main',
    createdAt: '2026-01-01T00:00:00.000Z',
    createdAtCommit: await scene.sandbox.git(scene.repository, 'rev-parse', 'main~1'),
    quick: yes,
    sessionId: null,
    spawnedAt: '2026-01-01T00:00:00.000Z',
    copies: {},
    group: null,
  };
  await scene.sandbox.write(
    join(scene.repository, '.git/orchard/tasks/project-wt-login.json'),
    JSON.stringify(record),
  );
}

async function run(scene: KillScene, action: Action, env: NodeJS.ProcessEnv = {}) {
  return runChild({
    location: scene.location,
    env: { ...scene.env, ...env },
    home: scene.sandbox.home,
    worktreeId: worktreeIdOf(scene.worktree),
    action,
    kill: null,
  });
}

async function cleanedUp(scene: KillScene) {
  expect(await run(scene, { kind: 'cleanup', deleteRemote: false })).toMatchObject({ answer: { ok: true } });
}
async function merged(scene: KillScene) {
  expect(await run(scene, merge('squash', 'rebase'))).toMatchObject({ answer: { ok: true } });
}

async function startAnew(scene: KillScene) {
  const house = houseOf(scene);
  const spawner = createRecordingSpawner(scene.location, scene.env, join(scene.sandbox.home, 'no-hooks'));
  const said = [
    ...(await spawner.recovery.atStart(scene.location)),
    ...(await house.recovery.atStart(scene.location)),
  ];
  return { house, said };
}

async function listed(house: ReturnType<typeof createHouse>) {
  const answer = await house.undoer.list();
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value.operations.map(({ kind, summary }) => `${kind}: ${summary}`);
}

/** Distinct points between 1 and `count`, the same for the same seed. */
function sample(count: number, many: number, salt: number): readonly number[] {
  if (many >= count) return Array.from({ length: count }, (_, at) => at + 1);
  const chosen = new Set<number>();
  let state = (seed * 2_654_435_761 + salt * 40_503) >>> 0;
  while (chosen.size < many) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    chosen.add(1 + Math.floor((state / 2 ** 32) * count));
  }
  return [...chosen].sort((a, b) => a - b);
}

const figures: string[] = [];
afterAll(() => {
  for (const line of figures) console.log(line);
});

for (const [at, operation] of operations.entries())
  test(`killed at any change of a file: ${operation.name}`, { retry: 0 }, async (ctx) => {
    if (unable !== null) return ctx.skip(unable);
    const scene = await createKillScene();
    vi.stubEnv('TMPDIR', scene.env.TMPDIR);
    onTestFinished(() => void vi.unstubAllEnvs());
    await operation.prepare?.(scene);
    await scene.save();
    const memory = createKillMemory(join(scene.place, '..', 'memory'), scene.place);
    const look = async () => ({ undo: await listed(houseOf(scene)), ...(await scene.state()) });

    const states: Record<string, unknown> = { before: await look() };
    if (operation.between !== undefined) {
      await quick(scene, false);
      expect(await run(scene, operation.between)).toMatchObject({ answer: { ok: true } });
      states.between = await look();
      await scene.restore();
    }
    await memory.arm(0);
    expect(await run(scene, operation.action, memory.env)).toMatchObject({ answer: { ok: true } });
    states.after = await look();
    const { count } = await memory.read();

    const wanted = asked > 0 ? asked : whole ? count : operation.points;
    const reached: Record<string, number> = {};
    const violations: string[] = [];
    let killed = 0;
    for (const point of sample(count, wanted, at)) {
      await scene.restore();
      await memory.arm(point);
      const end = await run(scene, operation.action, memory.env);
      const { where, killed: dead } = await memory.read();
      if (!dead) expect(end).toMatchObject({ answer: { ok: true } });
      if (!dead) continue; // a run may take a call less than the one that was counted
      expect(end.signal).toBe('SIGKILL');
      killed++;
      const problems: string[] = [];
      const { house, said } = await startAnew(scene);
      const now = await look();
      const which = Object.keys(states).find((name) => JSON.stringify(states[name]) === JSON.stringify(now));
      if (which === undefined) {
        const nearest = said.some((words) => /Took back|took back/.test(words)) ? 'before' : 'after';
        problems.push(`neither before nor after: ${differences(states[nearest], now).join('; ')}`);
      } else reached[which] = (reached[which] ?? 0) + 1;
      const left = await litterIn(scene);
      if (left.length > 0) problems.push(`left: ${left.join(', ')}`);
      const records = (await listed(house)).length;
      const pinned = await scene.sandbox.git(scene.repository, 'for-each-ref', 'refs/orchard');
      if (pinned.split('\n').filter((line) => line !== '').length !== records)
        problems.push(`${records} to undo, pins: ${pinned}`);
      const trash = await readdir(join(scene.repository, '.git/orchard/trash')).catch(() => []);
      if (trash.length > records) problems.push(`trash: ${trash.join()}`);
      const fsck = await scene.sandbox
        .git(scene.repository, 'fsck', '--no-dangling', '--no-progress')
        .catch((error: unknown) => String(error));
      if (fsck !== '') problems.push(fsck);
      const bytes = await scene.bytes();
      const again = await startAnew(scene);
      if (again.said.length > 0) problems.push(`said again: ${again.said.join()}`);
      const changed = differences(bytes, await scene.bytes());
      if (changed.length > 0) problems.push(`the second start changed ${changed.join('; ')}`);
      if (problems.length > 0)
        violations.push(
          `point ${point} of ${count} (${where}), said “${said.join()}”:\n  ${problems.join('\n  ')}`,
        );
    }
    figures.push(
      `${operation.name}: ${count} points, ${killed} killed, ${JSON.stringify(reached)}, ${violations.length} violations`,
    );
    memory.remove();
    expect(violations.join('\n')).toBe('');
  });

/** Where two values differ, in paths and short words. */
function differences(one: unknown, other: unknown, path = ''): readonly string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return [`${path}: ${short(one)} became ${short(other)}`];
  const a = new Map(Object.entries(one));
  const b = new Map(Object.entries(other));
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) =>
    differences(a.get(key) ?? null, b.get(key) ?? null, `${path}/${key}`),
  );
}
const short = (value: unknown) => JSON.stringify(value)?.slice(0, 200);
