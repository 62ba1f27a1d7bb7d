/** The desktop app around an engine that the test plays, on either driver. */
import type { TestContext } from 'vitest';
import type { Snapshot } from '../../src-main/contract/snapshot';
import { emptySnapshot } from '../support/fake-orchard';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { sessionView, worktreeView } from '../support/views';
import type { DesktopApp } from './driver';
import { createDesktopStarter } from './start-desktop';

export interface PlayedDesktop {
  /** Starts the app, or skips the test by naming what is missing. */
  start(ctx: TestContext, ...args: string[]): Promise<DesktopApp>;
  dispose(): Promise<void>;
}

export async function createPlayedDesktop(): Promise<PlayedDesktop> {
  const desktop = await createDesktopStarter();
  return {
    async start(ctx, ...args) {
      const { env } = await createSandbox();
      const app = await desktop.start(ctx, { env, engine: 'played', args });
      await poll(
        () => app.tray(),
        (tray) => tray?.tooltip === 'no sessions',
        { what: 'the tray' },
      );
      return app;
    },
    dispose: desktop.dispose,
  };
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
