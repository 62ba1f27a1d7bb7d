/**
 * Brings the window around a session to the front, for terminals that have no address for a tab, and as
 * the last step for those that have. Only ever on a person's click: nothing here runs by itself.
 */
import type { Environment, Machine } from './machine';
import type { Reach, SessionProcess } from './terminal';

const LIMIT_MS = 3_000;

/** The desktop's variables of the session where it has them (it may be older than Orchard's), else ours. */
function desktopOf(session: SessionProcess, machine: Machine): Environment {
  const names = ['DISPLAY', 'XAUTHORITY', 'WAYLAND_DISPLAY', 'SWAYSOCK', 'HYPRLAND_INSTANCE_SIGNATURE'];
  const from =
    session.env.DISPLAY !== undefined || session.env.WAYLAND_DISPLAY !== undefined
      ? session.env
      : machine.env;
  return {
    ...machine.env,
    ...Object.fromEntries(names.map((name) => [name, from[name] ?? machine.env[name]])),
  };
}

/** Null when nothing could be brought to the front. `emulator`: the process that draws the window, if known. */
export async function bringToFront(
  session: SessionProcess,
  emulator: number | null,
  machine: Machine,
): Promise<Reach | null> {
  if (machine.platform === 'darwin') return activateApplication(session, machine);
  if (machine.platform === 'win32') return activateWindows(session, machine);
  const env = desktopOf(session, machine);
  const candidates = emulator === null ? session.ancestors.map((ancestor) => ancestor.pid) : [emulator];

  // Wayland lets no client raise another's window; these two compositors do it on request.
  // https://man.archlinux.org/man/sway.5#CRITERIA  https://wiki.hypr.land/Configuring/Dispatchers/
  if (env.SWAYSOCK !== undefined)
    for (const pid of candidates) {
      const { exitCode, stdout } = await machine.run('swaymsg', [`[pid=${pid}] focus`], {
        env,
        limitMs: LIMIT_MS,
      });
      if (exitCode === 0 && /"success":\s*true/.test(stdout)) return 'window';
    }
  if (env.HYPRLAND_INSTANCE_SIGNATURE !== undefined)
    for (const pid of candidates) {
      const args = ['dispatch', 'focuswindow', `pid:${pid}`];
      const { exitCode, stdout } = await machine.run('hyprctl', args, { env, limitMs: LIMIT_MS });
      if (exitCode === 0 && stdout.trim() === 'ok') return 'window';
    }

  const found = await x11Window(session, emulator, machine, env);
  if (found === null || !(await activateX11(found.window, machine, env))) return null;
  return found.certain ? 'window' : 'application';
}

/** The session's X11 window. Not certain: one of several windows of its terminal. */
async function x11Window(
  session: SessionProcess,
  emulator: number | null,
  machine: Machine,
  env: Environment,
): Promise<{ readonly window: string; readonly certain: boolean } | null> {
  if (env.DISPLAY === undefined) return null;
  const pids = emulator === null ? session.ancestors.map(({ pid }) => pid) : [emulator];
  for (const pid of pids) {
    const windows = await windowsOf(pid, machine, env);
    const first = windows[0];
    if (first === undefined) continue;
    // WINDOWID can be inherited through another terminal, so it counts only among an ancestor's windows.
    const own = session.env.WINDOWID;
    if (own !== undefined && windows.includes(own)) return { window: own, certain: true };
    return { window: first, certain: windows.length === 1 };
  }
  return null;
}

/** A process' windows on the X server, as decimal ids. */
async function windowsOf(pid: number, machine: Machine, env: Environment): Promise<readonly string[]> {
  if ((await machine.find('xdotool')) !== null) {
    const args = ['search', '--onlyvisible', '--pid', String(pid)];
    const { stdout } = await machine.run('xdotool', args, { env, limitMs: LIMIT_MS });
    const visible = stdout.split('\n').filter((line) => /^\d+$/.test(line));
    if (visible.length > 0) return visible;
    // An iconified window is not visible and can still be activated.
    const all = await machine.run('xdotool', ['search', '--pid', String(pid)], { env, limitMs: LIMIT_MS });
    return all.stdout.split('\n').filter((line) => /^\d+$/.test(line));
  }
  if ((await machine.find('wmctrl')) === null) return [];
  // Lines of `wmctrl -lp`: 0x03e00007  0 1234   host title
  const { stdout } = await machine.run('wmctrl', ['-lp'], { env, limitMs: LIMIT_MS });
  return stdout
    .split('\n')
    .map((line) => /^(0x[0-9a-f]+)\s+\S+\s+(\d+)\s/i.exec(line))
    .filter((match) => Number(match?.[2]) === pid)
    .map((match) => String(Number(match?.[1])));
}

async function activateX11(window: string, machine: Machine, env: Environment): Promise<boolean> {
  const attempts: readonly (readonly [string, readonly string[]])[] = [
    ['xdotool', ['windowactivate', window]],
    // wmctrl takes the id in hexadecimal: https://linux.die.net/man/1/wmctrl
    ['wmctrl', ['-i', '-a', `0x${Number(window).toString(16)}`]],
    // Without a window manager nobody answers to "activate"; raising and focusing is all there is.
    ['xdotool', ['windowmap', window, 'windowraise', window, 'windowfocus', window]],
  ];
  for (const [program, args] of attempts) {
    if ((await machine.find(program)) === null) continue;
    if ((await machine.run(program, args, { env, limitMs: LIMIT_MS })).exitCode === 0) return true;
  }
  return false;
}

/** Whether the session's own X11 window has the focus; null when that can't be known. */
export async function windowInFront(
  session: SessionProcess,
  emulator: number | null,
  machine: Machine,
): Promise<boolean | null> {
  if (machine.platform !== 'linux') return null;
  const env = desktopOf(session, machine);
  const found = await x11Window(session, emulator, machine, env);
  if (found === null || !found.certain) return null;
  for (const question of ['getactivewindow', 'getwindowfocus']) {
    const { exitCode, stdout } = await machine.run('xdotool', [question], { env, limitMs: LIMIT_MS });
    if (exitCode === 0 && /^\d+$/.test(stdout.trim())) return stdout.trim() === found.window;
  }
  return null;
}

/** `open -a` with the bundle's path activates the running application: man 1 open. */
async function activateApplication(session: SessionProcess, machine: Machine): Promise<Reach | null> {
  for (const ancestor of session.ancestors) {
    const bundle = /^(\/.*?\.app)\/Contents\//.exec(ancestor.path ?? '')?.[1];
    if (bundle === undefined) continue;
    const { exitCode } = await machine.run('/usr/bin/open', ['-a', bundle], { limitMs: LIMIT_MS });
    return exitCode === 0 ? 'application' : null;
  }
  return null;
}

/**
 * Goes up from the session to the first process with a window and activates that. Explorer is the parent
 * of what a person started from it and has windows of its own, so it ends the way up. The process comes
 * through the environment: the command's text is always the same.
 * https://learn.microsoft.com/windows/win32/cimwin32prov/win32-process
 */
const ACTIVATE_ON_WINDOWS = `
$next = [int]$env:ORCHARD_SESSION_PID
for ($level = 0; $level -lt 16 -and $next -gt 4; $level++) {
  $process = Get-Process -Id $next -ErrorAction SilentlyContinue
  if (-not $process -or $process.ProcessName -eq 'explorer') { break }
  if ($process.MainWindowHandle -ne 0) {
    if ((New-Object -ComObject WScript.Shell).AppActivate($next)) { 'activated' }
    break
  }
  $next = (Get-CimInstance Win32_Process -Filter "ProcessId = $next").ParentProcessId
}
`.trim();

async function activateWindows(session: SessionProcess, machine: Machine): Promise<Reach | null> {
  const { stdout } = await machine.run(
    'powershell.exe',
    ['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', ACTIVATE_ON_WINDOWS],
    { env: { ...machine.env, ORCHARD_SESSION_PID: String(session.pid) } },
  );
  return stdout.trim() === 'activated' ? 'application' : null;
}

/** What `bringToFront` can reach for a terminal on this desktop, and what is missing. */
export async function windowCapability(
  machine: Machine,
): Promise<{ readonly reach: 'window' | 'application' | 'none'; readonly note: string }> {
  const { env } = machine;
  if (machine.platform === 'darwin')
    return { reach: 'application', note: 'Brings the application to the front.' };
  if (machine.platform === 'win32')
    return { reach: 'application', note: 'Brings its window to the front; Windows gives a tab no address.' };
  if (env.SWAYSOCK !== undefined || env.HYPRLAND_INSTANCE_SIGNATURE !== undefined)
    return { reach: 'window', note: 'Raises the window through the compositor.' };
  if (env.WAYLAND_DISPLAY !== undefined)
    return { reach: 'none', note: 'On Wayland no program may raise another one’s window.' };
  if (env.DISPLAY === undefined) return { reach: 'none', note: 'There is no display here.' };
  if ((await machine.find('xdotool')) !== null || (await machine.find('wmctrl')) !== null)
    return { reach: 'window', note: 'Raises the window.' };
  return { reach: 'none', note: 'Install xdotool or wmctrl to have its window raised.' };
}
