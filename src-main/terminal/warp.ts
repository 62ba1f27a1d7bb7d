import { fail, ok } from '../contract/result';
import { findBundle } from './emulator';
import { bringToFront } from './front';
import type { Machine } from './machine';
import { type Terminal, terminalFailed } from './terminal';

const TITLE = 'Warp';

/**
 * Warp opens a script file in a new tab (https://docs.warp.dev/terminal/more-features/files-and-links/, "Files,
 * Links, & Scripts"); its own `warp://action/new_tab?path=` takes no command. Its address for a pane is not
 * told to the programs in it, so a session's tab can't be chosen.
 */
export const createWarp = (machine: Machine): Terminal => ({
  id: 'warp',
  title: TITLE,
  platforms: ['darwin'],
  installed: async () => (await findBundle('Warp.app', machine)) !== null,
  capability: async () => ({
    reach: 'application',
    note: 'Brings Warp to the front; it tells no session which tab it is in.',
  }),
  async openNew({ script }) {
    const bundle = await findBundle('Warp.app', machine);
    if (bundle === null) return fail(terminalFailed(TITLE, 'Warp is not installed.'));
    const run = await machine.run('/usr/bin/open', ['-a', bundle, script]);
    return run.exitCode === 0 ? ok({}) : fail(terminalFailed(TITLE, run.stderr));
  },
  hosts: ({ path }) => path?.includes('/Warp.app/') ?? false,
  focus: (session) => bringToFront(session, null, machine),
});
