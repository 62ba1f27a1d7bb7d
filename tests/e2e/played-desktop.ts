/** The desktop app around an engine that the test plays, on either driver. */
import type { TestContext } from 'vitest';
import type { Snapshot } from '../../src-main/contract/snapshot';
import { emptySnapshot } from '../support/fake-orchard';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { sessionView, worktreeView } from '../support/views';
import type { DesktopApp, DesktopLaunch } from './driver';
import { createDesktopStarter } from './start-desktop';

export interface PlayedDesktop {
  /** Starts the app, or skips the test by naming what is missing. */
  start(ctx: TestContext, ...args: string[]): Promise<DesktopApp>;
  /** The same on a desktop that is no usual one. */
  startOn(ctx: TestContext, given: Partial<Omit<DesktopLaunch, 'engine'>>): Promise<DesktopApp>;
  dispose(): Promise<void>;
}

export async function createPlayedDesktop(): Promise<PlayedDesktop> {
  const desktop = await createDesktopStarter();
  const played: PlayedDesktop = {
    start: (ctx, ...args) => played.startOn(ctx, { args }),
    async startOn(ctx, { env: more, ...given }) {
      const { env } = await createSandbox();
      const app = await desktop.start(ctx, { ...given, env: { ...env, ...more }, engine: 'played' });
      await poll(
        () => app.tray(),
        (tray) => tray?.tooltip === 'no sessions',
        { what: 'the tray' },
      );
      return app;
    },
    dispose: desktop.dispose,
  };
  return played;
}

export const waiting = worktreeView({
  name: 'shop-wt-login',
  task: 'Fix the login & sign-up form',
  attention: 'needs-you',
  sessions: [sessionView({ state: 'needs-permission', attention: 'needs-you', reason: 'Bash: npm test' })],
});
export const busy: Snapshot = {
  ...emptySnapshot,
  revision: 2,
  line: '1 needs you',
  counts: { needsYou: 1, working: 0, done: 0, worktrees: 1, repositories: 1 },
  tray: { icon: 'needs-you', title: '1 needs you' },
  repositories: [
    {
      id: 'r-000000000001',
      name: 'shop',
      root: '/code/shop',
      base: 'main',
      worktrees: [waiting],
      landingOrders: [],
    },
  ],
};
