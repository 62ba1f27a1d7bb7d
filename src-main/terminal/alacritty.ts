import { createEmulator } from './emulator';
import type { Machine } from './machine';
import type { Terminal } from './terminal';

/**
 * https://man.archlinux.org/man/alacritty.1: `-e` is last. No `--title`: the title would stay for good
 * (https://github.com/alacritty/alacritty/issues/6836); the launcher sets one that can change.
 */
export const createAlacritty = (machine: Machine): Terminal =>
  createEmulator(
    {
      id: 'alacritty',
      title: 'Alacritty',
      platforms: ['darwin', 'linux'],
      processNames: ['alacritty'],
      program: 'alacritty',
      bundle: 'Alacritty.app',
      args: ({ directory, argv }) => ['--working-directory', directory, '-e', ...argv],
      oneSessionPerWindow: true,
    },
    machine,
  );
