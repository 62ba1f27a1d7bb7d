/** Starts the app on the driver of the project that the spec runs in; one browser and one build per file. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished, type TestContext } from 'vitest';
import { launchChromium, NO_CHROMIUM } from '../support/chromium';
import { notOnReal, notOnStandIn, onReal } from '../support/desktop/proved';
import { buildStandIn, bundleFakeMain } from '../support/electron-stand-in/launch';
import type { DesktopApp, DesktopLaunch } from './driver';
import { startOnElectron } from './electron-driver';
import { startOnStandIn } from './stand-in-driver';

export interface DesktopStarter {
  /** Starts the app, or skips the test by naming what is missing. */
  start(ctx: TestContext, launch: DesktopLaunch): Promise<DesktopApp>;
  dispose(): Promise<void>;
}

export async function createDesktopStarter(): Promise<DesktopStarter> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'orchard-e2e-')));
  const dispose = () => rm(directory, { recursive: true, force: true, maxRetries: 5 });
  return process.env.ORCHARD_DRIVER === 'electron'
    ? createElectronStarter(directory, dispose)
    : createStandInStarter(directory, dispose);
}

async function createElectronStarter(
  directory: string,
  dispose: () => Promise<void>,
): Promise<DesktopStarter> {
  const electron = inject('realElectron');
  if ('missing' in electron) return { start: async (ctx) => ctx.skip(electron.missing), dispose };
  let folder: Promise<string> | null = null;
  return {
    async start(ctx, launch) {
      ctx.task.meta.proved = onReal(electron.version);
      ctx.task.meta.notProved = notOnReal(electron.version);
      if (launch.engine === 'played') folder ??= playedApp(directory);
      const app = await startOnElectron({
        ...launch,
        program: electron.program,
        desktop: electron.env,
        ...(launch.engine === 'played' && folder !== null ? { folder: await folder } : {}),
      });
      onTestFinished(() => app.dispose());
      return app;
    },
    dispose,
  };
}

/** A folder that Electron starts as an app: Orchard's face around the engine that a test plays. */
async function playedApp(directory: string): Promise<string> {
  await bundleFakeMain(directory);
  const description = { name: 'orchard', productName: 'Orchard', version: '0.1.0', main: 'fake-main.mjs' };
  await writeFile(join(directory, 'package.json'), JSON.stringify(description));
  return directory;
}

async function createStandInStarter(
  directory: string,
  dispose: () => Promise<void>,
): Promise<DesktopStarter> {
  const browser = await launchChromium();
  const build = browser === null ? null : await buildStandIn(directory);
  return {
    async start(ctx, launch) {
      if (browser === null || build === null) return ctx.skip(NO_CHROMIUM);
      ctx.task.meta.notProved = notOnStandIn;
      const app = await startOnStandIn({ ...launch, browser, build });
      onTestFinished(() => app.dispose());
      return app;
    },
    async dispose() {
      await browser?.close();
      await dispose();
    },
  };
}
