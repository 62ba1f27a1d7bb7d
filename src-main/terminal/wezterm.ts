import { ok } from '../contract/result';
import { createEmulator, findBundle } from './emulator';
import { bringToFront } from './front';
import { type Machine, withoutTerminalTraces } from './machine';
import type { Terminal } from './terminal';

const LIMIT_MS = 5_000;

/**
 * https://wezterm.org/cli/cli/index.html: `wezterm cli` talks to the instance that WEZTERM_UNIX_SOCKET names,
 * else to the running one. `activate-pane` needs 20230326 or later and raises no window by itself.
 */
export const createWezterm = (machine: Machine): Terminal => {
  const emulator = createEmulator(
    {
      id: 'wezterm',
      title: 'WezTerm',
      platforms: ['darwin', 'linux'],
      processNames: ['wezterm-gui', 'wezterm-mux-server', 'wezterm-mux-ser'],
      program: 'wezterm',
      bundle: 'WezTerm.app',
      args: ({ directory, argv }) => ['start', '--cwd', directory, '--', ...argv],
      oneSessionPerWindow: false,
    },
    machine,
  );
  const program = async () =>
    machine.platform === 'darwin'
      ? await findBundle('WezTerm.app', machine).then((path) => path && `${path}/Contents/MacOS/wezterm`)
      : await machine.find('wezterm');

  return {
    ...emulator,
    async capability() {
      const window = await emulator.capability();
      return { reach: 'pane', note: `Exact pane through wezterm cli. ${window.note}` };
    },
    async openNew(request) {
      const path = await program();
      if (path !== null) {
        const { directory, argv } = request;
        const args = ['cli', '--no-auto-start', 'spawn', '--cwd', directory, '--', ...argv];
        const { exitCode, stdout } = await machine.run(path, args, { limitMs: LIMIT_MS });
        if (exitCode === 0) {
          const pane = stdout.trim();
          if (/^\d+$/.test(pane))
            await machine.run(path, ['cli', '--no-auto-start', 'activate-pane', '--pane-id', pane], {
              limitMs: LIMIT_MS,
            });
          return ok({});
        }
      }
      return emulator.openNew(request);
    },
    async focus(session) {
      const pane = session.env.WEZTERM_PANE;
      const path = await program();
      const selected =
        path !== null &&
        pane !== undefined &&
        /^\d+$/.test(pane) &&
        (
          await machine.run(path, ['cli', '--no-auto-start', 'activate-pane', '--pane-id', pane], {
            env: {
              ...withoutTerminalTraces(machine.env),
              WEZTERM_UNIX_SOCKET: session.env.WEZTERM_UNIX_SOCKET,
            },
            limitMs: LIMIT_MS,
          })
        ).exitCode === 0;
      const emulatorPid = session.ancestors.find((ancestor) => emulator.hosts?.(ancestor))?.pid ?? null;
      const raised = await bringToFront(session, emulatorPid, machine);
      return selected ? 'pane' : raised;
    },
  };
};
