/** Our notifier on the real Electron: two of one id, and a desktop on which nobody shows notifications. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from '../support/bundle';
import { poll } from '../support/poll';
import { temporaryDirectory } from '../support/temporary';
import { noticed, openBus } from './bus';
import { onOwnBus } from './on-own-bus';

/** Starts a main process that shows these; answers the lines that it says. */
async function notifying(program: string, env: NodeJS.ProcessEnv, ...bodies: string[]) {
  const directory = await temporaryDirectory();
  await bundle('tests/support/children/notifier-main.ts', directory);
  const manifest = { name: 'notifies', version: '0.0.0', type: 'module', main: 'notifier-main.mjs' };
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const args = [...sandbox, `--user-data-dir=${join(directory, 'data')}`, directory, '--', ...bodies];
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  return () => said;
}

test('of two with one id the older is closed first, and a click on the newer is heard', async (ctx) => {
  const { program, env } = onOwnBus(ctx);
  const bus = openBus(env);
  const said = await notifying(program, env, 'the older of two', 'the newer of two');
  const shown = await noticed(bus, 'the newer of two');
  expect(shown).toContain('the older of two');
  // Asked after the newer was seen: it was closed before.
  const method = ['org.freedesktop.DBus.Mock.GetMethodCalls', 'CloseNotification'] as const;
  const closed = await bus.call('org.freedesktop.Notifications', '/org/freedesktop/Notifications', ...method);
  expect(closed).toMatch(/\[<(uint32 )?\d+>\]/);
  await bus.clickNotice('the newer of two');
  await poll(said, (text) => text.includes('{"clicked":"the newer of two"}'), { what: 'the click' });
});

test('on a desktop where nobody shows notifications it says so in words', async (ctx) => {
  const { program, env } = onOwnBus(ctx);
  const nobody = `unix:path=${join(await temporaryDirectory(), 'no-bus')}`;
  const said = await notifying(program, { ...env, DBUS_SESSION_BUS_ADDRESS: nobody }, 'unheard');
  const problem = '{"problem":"No notification service answered, so nobody was told."}';
  await poll(said, (text) => text.includes(problem), { what: 'the problem', limitMs: 60_000 });
});
