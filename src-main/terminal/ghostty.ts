import { fail, ok } from '../contract/result';
import { runAppleScript } from './apple-script';
import { createEmulator } from './emulator';
import { bringToFront } from './front';
import type { Machine } from './machine';
import { type Terminal, terminalFailed } from './terminal';

const TITLE = 'Ghostty';

/** https://ghostty.org/docs/features/applescript (1.3 and later): a tab of the front window, or a window. */
const OPEN = `on run argv
  tell application "Ghostty"
    activate
    set theSurface to new surface configuration
    set initial working directory of theSurface to item 1 of argv
    set command of theSurface to "/bin/sh " & quoted form of (item 2 of argv)
    if (count of windows) is 0 then
      new window with configuration theSurface
    else
      new tab in front window with configuration theSurface
    end if
  end tell
end run`;

/** \`tty\` came after 1.3; a dictionary without it makes this fail, and the directory is asked instead. */
const FOCUS_BY_TTY = `on run argv
  tell application "Ghostty"
    repeat with t in terminals
      if tty of t is (item 1 of argv) then
        focus t
        activate
        return "pane"
      end if
    end repeat
  end tell
  return "none"
end run`;

/** Only when exactly one terminal is in that directory: the wrong one of two would be worse than none. */
const FOCUS_BY_DIRECTORY = `on run argv
  tell application "Ghostty"
    set found to {}
    repeat with t in terminals
      if working directory of t is (item 1 of argv) then set end of found to contents of t
    end repeat
    if (count of found) is not 1 then return "none"
    focus (item 1 of found)
    activate
    return "pane"
  end tell
end run`;

/**
 * https://ghostty.org/docs/config/reference: options are `--key=value`, and `-e` takes all that follows. No
 * `--title`, which would fix the title for good.
 */
export const createGhostty = (machine: Machine): Terminal => {
  const emulator = createEmulator(
    {
      id: 'ghostty',
      title: TITLE,
      platforms: ['darwin', 'linux'],
      processNames: ['ghostty'],
      program: 'ghostty',
      bundle: 'Ghostty.app',
      args: ({ directory, argv }) => [`--working-directory=${directory}`, '-e', ...argv],
      oneSessionPerWindow: false,
    },
    machine,
  );
  if (machine.platform !== 'darwin') return emulator;
  return {
    ...emulator,
    capability: async () => ({
      reach: 'pane',
      note: 'Exact tab by its tty, or by its directory when only one is there (Ghostty 1.3 and later); else the application.',
    }),
    async openNew(request) {
      const opened = await runAppleScript(OPEN, [request.directory, request.script], machine);
      if (opened.ok) return ok({});
      // Before 1.3 there is no dictionary; a new instance takes arguments.
      const instance = await emulator.openNew(request);
      return instance.ok ? instance : fail(terminalFailed(TITLE, opened.details));
    },
    hosts: ({ path }) => path?.includes('/Ghostty.app/') ?? false,
    async focus(session) {
      const { tty, directory } = session;
      const attempts: readonly (readonly [string, string | null])[] = [
        [FOCUS_BY_TTY, tty],
        [FOCUS_BY_DIRECTORY, directory],
      ];
      for (const [script, argument] of attempts) {
        if (argument === null) continue;
        const found = await runAppleScript(script, [argument], machine);
        if (found.ok && found.answer === 'pane') return 'pane';
      }
      return bringToFront(session, null, machine);
    },
  };
};
