import { fail, ok } from '../contract/result';
import type { Machine } from './machine';
import { type Terminal, terminalFailed } from './terminal';

const TITLE = 'Custom command';

/**
 * A person's own command: a program and its arguments, never a shell string. In every argument `{script}`
 * becomes the launcher's path, `{directory}` and `{title}` what they say; the launcher needs neither.
 */
export const createCustom = (command: () => readonly string[] | null, machine: Machine): Terminal => ({
  id: 'custom',
  title: TITLE,
  platforms: ['darwin', 'linux', 'win32'],
  installed: async () => {
    const program = command()?.[0];
    return program !== undefined && (await machine.find(program)) !== null;
  },
  capability: async () => ({
    reach: 'none',
    note: 'Opens new terminals with your own command; {script} becomes the launcher’s path.',
  }),
  async openNew(request) {
    const [program, ...args] = command() ?? [];
    if (program === undefined) return fail(terminalFailed(TITLE, 'No custom command is set in Settings.'));
    if (![program, ...args].some((word) => word.includes('{script}')))
      return fail(terminalFailed(TITLE, 'The custom command has no {script} in it, so nothing would run.'));
    const filled = args.map((word) => fill(word, request));
    // A custom command may be for a machine without a display (a multiplexer): it is not asked for here.
    const path = await machine.find(program);
    if (path === null) return fail(terminalFailed(TITLE, `${program} is not on the PATH.`));
    const started = await machine.start(path, filled, { directory: request.directory });
    return started.ok ? ok({ failure: started.failure }) : fail(terminalFailed(TITLE, started.details));
  },
});

/** All in one pass: a title that says `{script}` stays what it is. */
const fill = (
  word: string,
  values: { readonly script: string; readonly directory: string; readonly title: string },
) =>
  word.replace(/\{(script|directory|title)\}/g, (_whole, name: string) =>
    name === 'script' ? values.script : name === 'directory' ? values.directory : values.title,
  );
