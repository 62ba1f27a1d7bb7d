import type { App } from 'electron';
import type { PopoverView } from '../../contract/requests';
import { HIDDEN_ARGUMENT } from './login-item';

/** What a launch asks of the app that runs already, passed as `additionalData` of the instance lock. */
export interface LaunchRequest {
  readonly view: PopoverView | null;
}

const VIEWS: readonly PopoverView[] = ['worktrees', 'spawn', 'settings'];

/** Started at login (or with --hidden) shows the icon only. */
export const launchRequest = (argv: readonly string[]): LaunchRequest => ({
  view: argv.includes(HIDDEN_ARGUMENT) ? null : 'worktrees',
});

/** Decodes what another process sent; anything that is not understood opens the popover. */
export function decodeLaunchRequest(data: unknown): LaunchRequest {
  if (typeof data !== 'object' || data === null || !('view' in data)) return { view: 'worktrees' };
  const { view } = data;
  if (view === null) return { view: null };
  return { view: VIEWS.find((known) => known === view) ?? 'worktrees' };
}

/**
 * Collects launches from the first moment and hands each to the popover: this one, a second launch, and
 * on macOS a click on the app while it runs. Stock GNOME shows no tray icon, so a launch is the way in.
 */
export function createLaunchRequests(
  app: Pick<App, 'on'>,
  first: { readonly argv: readonly string[]; readonly isHidden: () => boolean },
): { serve(open: (view: PopoverView) => void): void } {
  const waiting: PopoverView[] = [];
  let open = (view: PopoverView) => {
    waiting.push(view);
  };
  app.on('second-instance', (_event, _argv, _directory, data) => {
    const { view } = decodeLaunchRequest(data);
    if (view !== null) open(view);
  });
  return {
    serve(serve) {
      // Only from now on: macOS sends one for the launch itself, which may be the quiet one at login.
      app.on('activate', () => open('worktrees'));
      const { view } = first.isHidden() ? { view: null } : launchRequest(first.argv);
      open = serve;
      const next = waiting.at(-1) ?? view;
      waiting.length = 0;
      if (next !== null) open(next);
    },
  };
}
