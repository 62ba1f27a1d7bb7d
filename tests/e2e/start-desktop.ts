/** Starts the app on whichever driver this machine has; one browser and one build per file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { onTestFinished, type TestContext } from 'vitest';
import { launchChromium, NO_CHROMIUM } from '../support/chromium';
import { buildStandIn, notProved, type StandInBuild } from '../support/electron-stand-in/launch';
import type { DesktopApp, DesktopLaunch } from './driver';
import { electronProgram, startOnElectron } from './electron-driver';
import { startOnStandIn } from './stand-in-driver';

export interface DesktopStarter {
  /** Starts the app, or skips the test by naming what is missing. */
  start(ctx: TestContext, launch: DesktopLaunch): Promise<DesktopApp>;
  dispose(): Promise<void>;
}

export async function createDesktopStarter(): Promise<DesktopStarter> {
  const electron = await electronProgram();
  if (electron !== null)
    return {
      async start(_ctx, launch) {
        const app = await startOnElectron(electron, launch);
        onTestFinished(() => app.dispose());
        return app;
      },
      dispose: async () => {},
    };
  if (process.env.ORCHARD_ELECTRON === '1')
    throw new Error(
      'There is no Electron program here to run the specs on: fetch it with npx install-electron.',
    );
  const directory = await mkdtemp(join(tmpdir(), 'orchard-stand-in-'));
  const browser: Browser | null = await launchChromium();
  const build: StandInBuild | null = browser === null ? null : await buildStandIn(directory);
  return {
    async start(ctx, launch) {
      if (browser === null || build === null) return ctx.skip(NO_CHROMIUM);
      ctx.task.meta.notProved = notProved;
      const app = await startOnStandIn({ ...launch, browser, build });
      onTestFinished(() => app.dispose());
      await app.app.started();
      return app;
    },
    async dispose() {
      await browser?.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
