import { createEmulator } from './emulator';
import type { Machine } from './machine';
import type { Terminal } from './terminal';

/** https://man.archlinux.org/man/foot.1: what follows the options is the command and its arguments. */
export const createFoot = (machine: Machine): Terminal =>
  createEmulator(
    {
      id: 'foot',
      title: 'foot',
      platforms: ['linux'],
      processNames: ['foot'],
      program: 'foot',
      bundle: null,
      args: ({ directory, title, argv }) => [`--working-directory=${directory}`, `--title=${title}`, ...argv],
      oneSessionPerWindow: true,
    },
    machine,
  );
