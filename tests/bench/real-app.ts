/**
 * The built app on the real Electron, as a person starts it but for the spy in its main process. No
 * debugging port: its server would be measured with the app.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processTree } from '../e2e/process-tree';
import { findElectron } from '../support/desktop/find-electron';
import {
  type PrivateDesktop,
  privateDesktopMissing,
  startPrivateDesktop,
} from '../support/desktop/private-desktop';
import { listenForSpy } from '../support/desktop/spy-wire';
import { poll } from '../support/poll';

/** The bench runs in the checkout (run.mjs). */
const root = process.cwd();
const END_LIMIT_MS = 20_000;

export interface RealDesktop extends PrivateDesktop {
  readonly program: string;
}

/** A desktop of the bench's own, or what this machine lacks for it. */
export async function startRealDesktop(): Promise<RealDesktop | { readonly missing: string }> {
  if (process.platform !== 'linux') return { missing: 'measured on Linux only' };
  const program = await findElectron(root);
  if (program === null) return { missing: 'the real Electron is not here (tests/support/electron-33)' };
  const missing = await privateDesktopMissing();
  if (missing !== null) return { missing };
  return { program, ...(await startPrivateDesktop(join(root, 'tests/support/desktop'))) };
}

/** Proportional set size in MB: pages that several processes share are divided among them. */
export interface Memory {
  readonly total: number;
  /** By kind of process, as Chromium calls them. */
  readonly kinds: Readonly<Record<string, number>>;
}

const kindOf = (command: string): string => {
  const type = /--type=(\S+)/.exec(command)?.[1];
  if (type === undefined) return 'main';
  const service = /--utility-sub-type=(\S+)/.exec(command)?.[1];
  if (service === undefined) return type === 'gpu-process' ? 'gpu' : type;
  return service.startsWith('node.') ? 'engine' : (service.split('.')[0] ?? service);
};

async function memoryOf(pids: readonly number[]): Promise<Memory> {
  const kinds: Record<string, number> = {};
  let total = 0;
  for (const pid of pids) {
    const text = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const mb = Number(/^Pss:\s+(\d+)/m.exec(await text('smaps_rollup'))?.[1] ?? 0) / 1024;
    if (mb === 0) continue;
    const kind = kindOf((await text('cmdline')).replaceAll('\0', ' '));
    kinds[kind] = (kinds[kind] ?? 0) + mb;
    total += mb;
  }
  return { total, kinds };
}

export type RealApp = Awaited<ReturnType<typeof startRealApp>>;

export async function startRealApp(
  desktop: RealDesktop,
  { scratch, env, args = [] }: { scratch: string; env: NodeJS.ProcessEnv; args?: readonly string[] },
) {
  const { address, conversation, close } = await listenForSpy(scratch);
  const { ask } = conversation;
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const spy = join(root, 'tests/support/desktop/spy.cjs');
  const child = spawn(desktop.program, ['-r', spy, ...flags, root, '--hidden', ...args], {
    cwd: root,
    env: { ...env, ...desktop.env, ORCHARD_SPY: address },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const exited = new Promise<void>((resolve) => {
    const ended = () => {
      conversation.end(`The app ended (${child.exitCode ?? child.signalCode}): ${errors}`);
      resolve();
    };
    child.once('error', ended);
    child.once('exit', ended);
  });
  const processes = () => processTree(child.pid ?? -1);
  const windows = async () => (await ask('state', null)).windows;
  const visible = (wanted: boolean) =>
    poll(windows, (all) => all.some((one) => one.visible) === wanted, { what: 'the popover', everyMs: 50 });
  return {
    ask,
    processes,
    windows,
    memory: async () => memoryOf(await processes()),
    /** Until the tray icon's words are these. */
    async says(tooltip: RegExp) {
      await poll(
        async () => (await ask('state', null)).tray?.tooltip ?? '',
        (text) => tooltip.test(text),
        { what: 'the tray icon', everyMs: 100 },
      );
    },
    /** From the click on the tray icon to a drawn popover with this text, in milliseconds. */
    async open(text: string): Promise<number> {
      const took = await ask('paintedAfterClick', { text });
      await visible(true);
      return took;
    },
    async hide() {
      await ask('clickTray', null);
      await visible(false);
    },
    async quit() {
      const all = await processes();
      await ask('quit', null).catch(() => {});
      const limit = setTimeout(() => {
        for (const pid of all)
          try {
            process.kill(pid, 'SIGKILL');
          } catch {
            // It has ended.
          }
      }, END_LIMIT_MS);
      await exited;
      clearTimeout(limit);
      child.stderr.destroy();
      close();
    },
  };
}
