/** Every terminal that Orchard knows, and which one a new session opens in. */
import type { Settings } from '../contract/settings';
import { createAlacritty } from './alacritty';
import { createAppleTerminal } from './apple-terminal';
import { createCustom } from './custom';
import { hasDisplay } from './emulator';
import { createFoot } from './foot';
import { createGhostty } from './ghostty';
import { createGnomeTerminal } from './gnome-terminal';
import { createIterm2 } from './iterm2';
import { createKitty } from './kitty';
import { createKonsole } from './konsole';
import type { Environment, Machine } from './machine';
import { createSystemDefault } from './system-default';
import type { Terminal } from './terminal';
import type { Tmux } from './tmux';
import { createWarp } from './warp';
import { createWezterm } from './wezterm';
import { createWindowsConsole, createWindowsTerminal } from './windows-terminal';
import { createXterm } from './xterm';

/** In the order in which automatic choice tries them, where nothing says what the person uses. */
export const listTerminals = (
  machine: Machine,
  tmux: Tmux,
  custom: () => readonly string[] | null,
): readonly Terminal[] => [
  tmux,
  createIterm2(machine),
  createGhostty(machine),
  createWezterm(machine),
  createKitty(machine),
  createKonsole(machine),
  createGnomeTerminal(machine),
  createAlacritty(machine),
  createFoot(machine),
  createXterm(machine),
  createSystemDefault(machine),
  createWarp(machine),
  createAppleTerminal(machine),
  createWindowsTerminal(machine),
  createWindowsConsole(machine),
  createCustom(custom, machine),
];

/** A preferred terminal that is not there is an answer, not a reason to open another one. */
export async function chooseTerminal(from: {
  readonly terminals: readonly Terminal[];
  readonly tmux: Tmux;
  readonly machine: Machine;
  readonly settings: Settings['terminal'];
  readonly startedFrom: Terminal | undefined;
  readonly fits: (terminal: Terminal) => boolean;
}): Promise<{ readonly chosen: Terminal | null; readonly tried: readonly string[] }> {
  const { terminals, tmux, machine, settings, startedFrom, fits } = from;
  const { preferred, custom } = settings;
  const byId = (id: string) => terminals.find((terminal) => terminal.id === id);
  if (preferred !== 'auto') {
    const terminal = byId(preferred);
    if (terminal === undefined) return { chosen: null, tried: [preferred] };
    if (fits(terminal))
      return (await terminal.installed())
        ? { chosen: terminal, tried: [] }
        : { chosen: null, tried: [terminal.title] };
  }
  const order: Terminal[] = [];
  if (await tmux.inside()) order.push(tmux);
  if (startedFrom !== undefined) order.push(startedFrom);
  order.push(
    ...desktopChoices(machine.env, byId),
    ...terminals.filter(({ id }) => id !== 'custom' && id !== 'tmux'),
  );
  // No display, as over SSH: a running tmux is where the person is.
  if (!hasDisplay(machine)) order.splice(0, order.length, ...((await tmux.running()) ? [tmux] : []));
  const own = byId('custom');
  if (own !== undefined && custom !== null) order.push(own);

  const tried: string[] = [];
  for (const terminal of new Set(order)) {
    if (!fits(terminal)) continue;
    if (await terminal.installed()) return { chosen: terminal, tried };
    tried.push(terminal.title);
  }
  return { chosen: null, tried: tried.length === 0 ? ['a display', 'a running tmux'] : tried };
}

/** What the desktop says about the person's terminal, surest first. */
function desktopChoices(env: Environment, byId: (id: string) => Terminal | undefined): readonly Terminal[] {
  const ids: string[] = [];
  const named = (env.TERMINAL ?? '').split('/').at(-1) ?? '';
  if (named !== '') ids.push(named, 'system-default');
  const desktop = (env.XDG_CURRENT_DESKTOP ?? '').toUpperCase();
  if (desktop.includes('KDE')) ids.push('konsole');
  if (desktop.includes('GNOME') || desktop.includes('UNITY') || desktop.includes('CINNAMON'))
    ids.push('gnome-terminal');
  if (env.XDG_SESSION_TYPE !== undefined || env.DISPLAY !== undefined) ids.push('system-default');
  return ids.map(byId).filter((terminal) => terminal !== undefined);
}
