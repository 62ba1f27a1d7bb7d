import { createEmulator } from './emulator';
import type { Machine } from './machine';
import type { Terminal } from './terminal';

/** https://invisible-island.net/xterm/manpage/xterm.html: `-e` takes all that follows and must be last. */
export const createXterm = (machine: Machine): Terminal =>
  createEmulator(
    {
      id: 'xterm',
      title: 'xterm',
      platforms: ['linux'],
      processNames: ['xterm', 'uxterm'],
      program: 'xterm',
      bundle: null,
      args: ({ title, argv }) => ['-T', title, '-e', ...argv],
      oneSessionPerWindow: true,
    },
    machine,
  );
