/** What the app costs on the real Electron: memory, idling, the popover's speed, word of a session. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { settle } from '../../e2e/whole-app';
import { electronVersion } from '../../support/desktop/find-electron';
import { startRegistry } from '../claude-files';
import { used } from '../cpu-time';
import { makeFixture, makeRepository } from '../fixtures';
import { type Memory, type RealApp, type RealDesktop, startRealApp, startRealDesktop } from '../real-app';
import { median, ms, notMeasured, quantile, type Row, shownRow } from '../row';
import type { Bench, Scenario } from '../scenario';

const SESSIONS = 20;
/** The window is destroyed five minutes after it was hidden (popover-window.ts). */
const UNTIL_DESTROYED_MS = 5 * 60_000;
/** Until the page's garbage and the engine's start are over. */
const CALM_MS = 6_000;
/** The engine looks again at what a popover that was opened shows, and sizes on disk are found out once. */
const BEFORE_IDLE_MS = 20_000;
const WARM_CLICKS = 5;
const COLD_CLICKS = 3;

const calm = (milliseconds = CALM_MS) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const states = ['never opened', 'shown', 'hidden', 'destroyed again'] as const;
type State = (typeof states)[number];
interface Round {
  readonly memory: { readonly [S in State]: Memory };
  readonly cold: readonly number[];
  readonly warm: readonly number[];
}

/** One life of the app's popover: never opened, shown, hidden, destroyed, and opened again. */
async function lifeOf(app: RealApp, text: string): Promise<Round> {
  await calm(CALM_MS * 2);
  const never = await app.memory();
  const cold = [await app.open(text)];
  await calm();
  const shown = await app.memory();
  await app.hide();
  await calm();
  const hidden = await app.memory();
  const warm: number[] = [];
  for (let n = 0; n < WARM_CLICKS; n++) {
    warm.push(await app.open(text));
    await calm(1_000);
    await app.hide();
    await calm(1_000);
  }
  const destroy = async () => {
    await app.ask('passTime', { ms: UNTIL_DESTROYED_MS });
    if ((await app.windows()).length > 0) throw new Error('the popover’s window was not destroyed');
  };
  await destroy();
  await calm();
  const destroyed = await app.memory();
  for (let n = 1; n < COLD_CLICKS; n++) {
    cold.push(await app.open(text));
    await calm(1_000);
    await app.hide();
    await destroy();
    await calm(1_000);
  }
  return { memory: { 'never opened': never, shown, hidden, 'destroyed again': destroyed }, cold, warm };
}

const mb = (value: number) => `${Math.round(value)} MB`;

/** The medians of each kind of process, the largest first. */
function kindsOf(memories: readonly Memory[]): string {
  const names = [...new Set(memories.flatMap(({ kinds }) => Object.keys(kinds)))];
  return names
    .map((name) => ({ name, size: median(memories.map(({ kinds }) => kinds[name] ?? 0)) }))
    .sort((a, b) => b.size - a.size)
    .map(({ name, size }) => `${name} ${Math.round(size)}`)
    .join(', ');
}

async function idleRow(app: RealApp, seconds: number, what: string): Promise<Row> {
  await calm(BEFORE_IDLE_MS);
  const family = await app.processes();
  const before = used(family);
  const begun = performance.now();
  await calm(seconds * 1_000);
  const after = used(family);
  const share = (own: number) => `${((own / (performance.now() - begun)) * 100).toFixed(2)} %`;
  const own = after.ownMs - before.ownMs;
  return shownRow(
    `${what}: nothing changed for ${seconds} s`,
    `${share(own)} of a core in all of its ${family.length} processes, ${share(own + after.childrenMs - before.childrenMs)} with their git processes`,
  );
}

/** From a change in the registry to the call that the notification daemon gets. */
async function noticeRow(
  desktop: RealDesktop,
  registry: Awaited<ReturnType<typeof startRegistry>>,
  what: string,
): Promise<Row> {
  const match = "type='method_call',interface='org.freedesktop.Notifications',member='Notify'";
  const monitor = spawn('dbus-monitor', ['--address', desktop.env.DBUS_SESSION_BUS_ADDRESS ?? '', match], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let heard: () => void = () => undefined;
  monitor.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('member=Notify')) heard();
  });
  const took: number[] = [];
  let missed = 0;
  try {
    await calm(1_000);
    for (let n = 0; n < SESSIONS; n++) {
      const now = Date.now();
      const begun = performance.now();
      const arrived = new Promise<boolean>((resolve) => {
        const limit = setTimeout(() => resolve(false), 5_000);
        heard = () => {
          clearTimeout(limit);
          resolve(true);
        };
      });
      const waitingFor = n % 2 === 0 ? 'permission prompt' : 'worker request';
      await registry.write(n, { status: 'waiting', waitingFor, updatedAt: now, statusUpdatedAt: now });
      if (await arrived) took.push(performance.now() - begun);
      else missed++;
      await calm(150);
    }
  } finally {
    monitor.kill();
  }
  if (took.length === 0) return notMeasured(`${what}: a registry change → Notify`, 'no notification came');
  return shownRow(
    `${what}: a registry change → \`Notify\` on the bus, ${SESSIONS} sessions`,
    `p95 ${ms(quantile(took, 0.95))}, median ${ms(median(took))}${missed > 0 ? `; ${missed} never came` : ''}`,
  );
}

export const measureElectron: Scenario = async (bench) => {
  const desktop = await startRealDesktop();
  if ('missing' in desktop) return bench.row(notMeasured('The app on real Electron', desktop.missing));
  try {
    await measureOn(bench, desktop);
  } finally {
    await desktop.stop();
  }
};

async function measureOn(bench: Bench, desktop: RealDesktop): Promise<void> {
  const { m, idleSeconds } = bench.sizes;
  const what = `Electron ${await electronVersion(desktop.program)}`;
  const { worktrees } = await makeFixture(bench.fixtures, `m-${m.worktrees}x${m.files}`, (at) =>
    makeRepository(at, { ...m, packages: 60 }),
  );
  const config = join(bench.scratch, 'claude');
  const registry = await startRegistry(
    config,
    SESSIONS,
    (n) => worktrees[n % worktrees.length] ?? '',
    bench.platform,
  );
  const rounds: Round[] = [];
  try {
    for (let n = 0; n < bench.sizes.appStarts; n++) {
      const scratch = await mkdtemp(join(bench.scratch, 'app-'));
      const home = join(scratch, 'home');
      await mkdir(home);
      const env = { ...process.env, HOME: home, CLAUDE_CONFIG_DIR: config };
      await settle({ env, home }, [worktrees[0] ?? '']);
      const last = n === bench.sizes.appStarts - 1;
      const app = await startRealApp(desktop, { scratch, env });
      try {
        await app.says(new RegExp(`\\b${SESSIONS}\\b`));
        rounds.push(await lifeOf(app, 'task-1'));
        if (!last) continue;
        bench.row(await idleRow(app, idleSeconds, what));
        bench.row(await noticeRow(desktop, registry, what));
      } finally {
        await app.quit();
      }
    }
  } finally {
    registry.end();
  }
  const of = (state: State) => rounds.map(({ memory }) => memory[state]);
  const totals = states.map((state) => `${mb(median(of(state).map(({ total }) => total)))} ${state}`);
  const asRoot = process.getuid?.() === 0 ? ', without Chromium’s sandbox because as root' : '';
  bench.row(
    shownRow(
      `${what}: memory (PSS) of all processes, ${worktrees.length} worktrees and ${SESSIONS} sessions${asRoot}`,
      totals.join(', '),
    ),
  );
  bench.row(
    shownRow(
      `${what}: behind it, in MB`,
      states.map((state) => `${state}: ${kindsOf(of(state))}`).join('; '),
    ),
  );
  const warm = rounds.flatMap((round) => round.warm);
  const cold = rounds.flatMap((round) => round.cold);
  bench.row(
    shownRow(
      `${what}: click on the tray icon → popover painted`,
      `warm ${ms(median(warm))} (worst ${ms(Math.max(...warm))}), cold ${ms(median(cold))} (worst ${ms(Math.max(...cold))})`,
    ),
  );
}
