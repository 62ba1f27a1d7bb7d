import { fail, ok } from '../contract/result';
import { windowCapability } from './front';
import type { Machine } from './machine';
import { type Terminal, terminalFailed } from './terminal';

const TITLE = 'Windows Terminal';

/**
 * https://learn.microsoft.com/windows/terminal/command-line-arguments. A semicolon separates wt's commands in
 * any argument, quoted or not, and is escaped by a backslash; a directory with one is left to the
 * launcher, because a backslash before it is already the end of a path's part.
 * `--suppressApplicationTitle` is not given, so Claude may change the title later.
 */
export const createWindowsTerminal = (machine: Machine): Terminal => ({
  id: 'windows-terminal',
  title: TITLE,
  platforms: ['win32'],
  installed: async () => (await machine.find('wt')) !== null,
  capability: () => windowCapability(machine),
  async openNew({ directory, title, argv }) {
    const program = await machine.find('wt');
    if (program === null) return fail(terminalFailed(TITLE, 'wt.exe is not on the PATH.'));
    const started = await machine.start(program, [
      '-w',
      '0',
      'nt',
      ...(directory.includes(';') ? [] : ['-d', directory]),
      '--title',
      title.replaceAll(';', ',').replace(/^-+/, ''),
      '--',
      ...argv.map((word) => word.replaceAll(';', '\\;')),
    ]);
    return started.ok ? ok({ failure: started.failure }) : fail(terminalFailed(TITLE, started.details));
  },
});

/** A console window of its own, for a Windows without Windows Terminal. */
export const createWindowsConsole = (machine: Machine): Terminal => ({
  id: 'windows-console',
  title: 'Console window',
  platforms: ['win32'],
  installed: async () => (await machine.find('powershell')) !== null,
  capability: () => windowCapability(machine),
  async openNew({ directory, argv }) {
    const [program = '', ...args] = argv;
    // A detached process gets a console of its own on Windows:
    // https://nodejs.org/api/child_process.html#optionsdetached
    const started = await machine.start(program, args, { directory });
    return started.ok
      ? ok({ failure: started.failure })
      : fail(terminalFailed('Console window', started.details));
  },
});
