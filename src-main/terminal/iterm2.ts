import { fail, ok } from '../contract/result';
import { runAppleScript } from './apple-script';
import { findBundle } from './emulator';
import { bringToFront } from './front';
import type { Machine } from './machine';
import { type Terminal, terminalFailed } from './terminal';

const TITLE = 'iTerm2';

/** https://iterm2.com/documentation-scripting.html: a tab of the current window, or a window. */
const OPEN = `on run argv
  set theCommand to "/bin/sh " & quoted form of (item 1 of argv)
  tell application "iTerm2"
    activate
    if (count of windows) is 0 then
      create window with default profile command theCommand
    else
      tell current window to create tab with default profile command theCommand
    end if
  end tell
end run`;

/**
 * A session knows its tty. A hotkey window that is hidden does not answer to \`select\`, it has to be
 * revealed, and \`activate\` on top of that can make iTerm2 open a new tab; it may also be left out of
 * \`windows\` and only be the current one.
 */
const FOCUS = `on run argv
  set theTty to item 1 of argv
  tell application "iTerm2"
    set candidates to windows
    try
      set candidates to candidates & {current window}
    end try
    repeat with w in candidates
      repeat with t in tabs of w
        repeat with s in sessions of t
          if tty of s is theTty then
            tell t to select
            tell s to select
            if is hotkey window of w then
              tell w to reveal hotkey window
            else
              tell w to select
              activate
            end if
            return "pane"
          end if
        end repeat
      end repeat
    end repeat
  end tell
  return "none"
end run`;

export const createIterm2 = (machine: Machine): Terminal => ({
  id: 'iterm2',
  title: TITLE,
  platforms: ['darwin'],
  installed: async () => (await findBundle('iTerm.app', machine)) !== null,
  capability: async () => ({ reach: 'pane', note: 'Exact tab and pane, by its tty; hotkey windows too.' }),
  async openNew({ script }) {
    const opened = await runAppleScript(OPEN, [script], machine);
    return opened.ok ? ok({}) : fail(terminalFailed(TITLE, opened.details));
  },
  // Newer versions keep sessions in a server that is not below the application.
  hosts: ({ name, path }) => name.startsWith('iTermServer') || (path?.includes('/iTerm.app/') ?? false),
  async focus(session) {
    if (session.tty !== null) {
      const found = await runAppleScript(FOCUS, [session.tty], machine);
      if (found.ok && found.answer === 'pane') return 'pane';
    }
    return bringToFront(session, null, machine);
  },
});
