/** Which processes the app keeps on the real Electron. */
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { startOnElectron } from '../e2e/electron-driver';
import { shows, twoWorktrees } from '../e2e/whole-app';
import { createSandbox } from '../support/repositories';
import { onOwnBus } from './on-own-bus';

test('no process is kept for a network that is never asked, and the page still comes', async (ctx: TestContext) => {
  const electron = onOwnBus(ctx);
  const sandbox = await createSandbox();
  await twoWorktrees(sandbox);
  const app = await startOnElectron({
    program: electron.program,
    desktop: electron.env,
    env: sandbox.env,
  });
  onTestFinished(() => app.dispose());
  await app.clickTray();
  await shows(app, await app.popover(), 'feature/cart');
  const commands = await Promise.all(
    (await app.processes()).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  const kinds = commands.flatMap((command) => /--utility-sub-type=([^\0 ]+)/.exec(command)?.[1] ?? []);
  expect(kinds).toEqual(['node.mojom.NodeService']);
});
