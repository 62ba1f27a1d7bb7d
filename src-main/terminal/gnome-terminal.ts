import { createEmulator } from './emulator';
import type { Machine } from './machine';
import type { Terminal } from './terminal';

/**
 * https://manpages.debian.org/bookworm/gnome-terminal/gnome-terminal.1.en.html: `--tab` adds to the window
 * that was used last, or opens one; what follows `--` is run. One server process draws all windows and
 * offers no way from outside to choose one of its tabs, so a session's tab can't be selected.
 */
export const createGnomeTerminal = (machine: Machine): Terminal => {
  const emulator = createEmulator(
    {
      id: 'gnome-terminal',
      title: 'GNOME Terminal',
      platforms: ['linux'],
      processNames: ['gnome-terminal-server'],
      program: 'gnome-terminal',
      bundle: null,
      args: ({ directory, title, argv }) => [
        '--tab',
        `--working-directory=${directory}`,
        `--title=${title}`,
        '--',
        ...argv,
      ],
      oneSessionPerWindow: false,
    },
    machine,
  );
  return {
    ...emulator,
    async capability() {
      const { reach, note } = await emulator.capability();
      return reach === 'window'
        ? {
            reach: 'application',
            note: 'Raises one of its windows; it lets nobody choose a tab from outside.',
          }
        : { reach, note };
    },
  };
};
