import { fail, ok } from '../contract/result';
import { runAppleScript } from './apple-script';
import { bringToFront } from './front';
import type { Machine } from './machine';
import { type Terminal, terminalFailed } from './terminal';

const TITLE = 'Terminal';

/**
 * The dictionary of Terminal.app (Script Editor, File, Open Dictionary): `do script` opens a window and types
 * a command into its shell; `exec` puts the launcher in that shell's place. A tab can't be made by script.
 */
const OPEN = `on run argv
  tell application "Terminal"
    do script "exec /bin/sh " & quoted form of (item 1 of argv)
    activate
  end tell
end run`;

/** A tab knows its tty, and so do we: no guessing by titles. */
const FOCUS = `on run argv
  tell application "Terminal"
    repeat with w in windows
      repeat with t in tabs of w
        if tty of t is (item 1 of argv) then
          if miniaturized of w then set miniaturized of w to false
          set selected of t to true
          set index of w to 1
          activate
          return "pane"
        end if
      end repeat
    end repeat
  end tell
  return "none"
end run`;

export const createAppleTerminal = (machine: Machine): Terminal => ({
  id: 'apple-terminal',
  title: TITLE,
  platforms: ['darwin'],
  installed: async () => machine.platform === 'darwin',
  capability: async () => ({
    reach: 'pane',
    note: 'Exact tab, by its tty. New sessions open in a window: Terminal makes no tab by script.',
  }),
  async openNew({ script }) {
    const opened = await runAppleScript(OPEN, [script], machine);
    return opened.ok ? ok({}) : fail(terminalFailed(TITLE, opened.details));
  },
  hosts: ({ path }) => path?.includes('/Terminal.app/') ?? false,
  async focus(session) {
    if (session.tty !== null) {
      const found = await runAppleScript(FOCUS, [session.tty], machine);
      if (found.ok && found.answer === 'pane') return 'pane';
    }
    return bringToFront(session, null, machine);
  },
});
