/** The desktop app on the stand-in, around an engine that the test plays. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import type { Snapshot } from '../../src-main/contract/snapshot';
import { launchChromium, NO_CHROMIUM } from '../support/chromium';
import { buildStandIn, notProved } from '../support/electron-stand-in/launch';
import { emptySnapshot } from '../support/fake-orchard';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { sessionView, worktreeView } from '../support/views';
import { type StandInDesktop, startOnStandIn } from './stand-in-driver';

export interface PlayedDesktop {
  /** Starts the app, or skips the test by naming what is missing. */
  start(ctx: TestContext, ...args: string[]): Promise<StandInDesktop>;
  dispose(): Promise<void>;
}

export async function createPlayedDesktop(): Promise<PlayedDesktop> {
  const directory = await mkdtemp(join(tmpdir(), 'orchard-stand-in-'));
  const browser = await launchChromium();
  const build = browser === null ? null : await buildStandIn(directory);
  return {
    async start(ctx, ...args) {
      if (process.env.ORCHARD_ELECTRON === '1')
        return ctx.skip('an engine that the test plays is not for the real Electron');
      if (browser === null || build === null) return ctx.skip(NO_CHROMIUM);
      ctx.task.meta.notProved = notProved;
      const { env } = await createSandbox();
      const desktop = await startOnStandIn({ browser, build, env, engine: 'fake', args });
      onTestFinished(() => desktop.dispose());
      await desktop.app.started();
      await poll(
        () => desktop.tray(),
        (tray) => tray?.tooltip === 'no sessions',
        {
          what: 'the tray',
          limitMs: 20_000,
        },
      );
      return desktop;
    },
    async dispose() {
      await browser?.close();
      await rm(directory, { recursive: true, force: true });
    },
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
