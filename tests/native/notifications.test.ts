/** A real notification of the real Electron: what arrives at the daemon, and what a click there does. */
import { join } from 'node:path';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { startOnElectron } from '../e2e/electron-driver';
import { settle } from '../e2e/whole-app';
import { createClaudeWorld, missingForSessions, say } from '../support/claude';
import { poll } from '../support/poll';
import { noticed, openBus } from './bus';
import { onOwnBus } from './on-own-bus';

test('a session that is done is announced on the bus, and its click is heard', async (ctx: TestContext) => {
  const electron = onOwnBus(ctx);
  const claude = await createClaudeWorld();
  if (claude === null) return ctx.skip((await missingForSessions()) ?? 'no Claude Code client');
  onTestFinished(() => claude.dispose());
  const { sandbox, env, api } = claude;
  const repository = await sandbox.repository('shop');
  await settle(sandbox, [repository]);
  await sandbox.write(join(sandbox.home, '.profile'), `PATH='${env.PATH ?? ''}'\nexport PATH\n`);
  api.script('Sum up', [say('a < b && done.')]);

  const bus = openBus(electron.env);
  const app = await startOnElectron({
    program: electron.program,
    desktop: electron.env,
    env,
    args: ['--hidden'],
  });
  onTestFinished(() => app.dispose());
  await poll(
    () => app.tray(),
    (tray) => tray?.tooltip === 'no sessions',
    { what: 'the tray' },
  );

  await claude.start({ directory: repository, prompt: 'Sum up' });
  const calls = await noticed(bus, 'a &lt; b &amp;&amp; done.');
  expect(calls).toContain('shop');
  expect(calls).toContain("'default'");
  await bus.clickNotice('a &lt; b &amp;&amp; done.');
  // Clicked is seen: the row asks for no look any more.
  await poll(
    () => app.tray(),
    (tray) => tray?.tooltip === '1 idle',
    { what: 'a session that was seen' },
  );
});
