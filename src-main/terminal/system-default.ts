import { basename } from 'node:path';
import { startEmulator } from './emulator';
import type { Machine } from './machine';
import type { Terminal } from './terminal';

/**
 * Whatever a Linux says is the person's terminal: the program in $TERMINAL, else Debian's alternative
 * x-terminal-emulator. Both are called with `-e` and a program, which Debian asks of every alternative:
 * https://www.debian.org/doc/debian-policy/ch-customized-programs.html#packages-providing-a-terminal-emulator
 */
export const createSystemDefault = (machine: Machine): Terminal => {
  const program = async () => {
    const named = machine.env.TERMINAL;
    if (named !== undefined && named !== '' && (await machine.find(named)) !== null) return named;
    return (await machine.find('x-terminal-emulator')) === null ? null : 'x-terminal-emulator';
  };
  return {
    id: 'system-default',
    title: 'System default',
    platforms: ['linux'],
    installed: async () => (await program()) !== null,
    capability: async () => ({
      reach: 'none',
      note: 'Opens new windows in $TERMINAL or x-terminal-emulator. What a live session reaches is its own terminal’s matter.',
    }),
    openNew: async (request) => {
      const found = (await program()) ?? 'x-terminal-emulator';
      return startEmulator(basename(found), found, ['-e', ...request.argv], request, machine);
    },
  };
};
