/**
 * A real notification of the real Electron, through a notification daemon of the test's own on a private
 * bus (python3-dbusmock): what arrives there, and what a click there does.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { defaultSettings } from '../../src-main/contract/settings';
import { electronProgram, startOnElectron } from '../e2e/electron-driver';
import { createClaudeWorld, missingForSessions, say } from '../support/claude';
import { poll } from '../support/poll';

const run = promisify(execFile);

const works = (program: string, ...args: string[]) =>
  run(program, args).then(
    () => true,
    () => false,
  );

async function missing(): Promise<string | null> {
  if (process.platform !== 'linux') return 'macOS and Windows have no D-Bus';
  if ((await electronProgram()) === null)
    return 'the real Electron is not here, or there is no display for it';
  if (!(await works('dbus-daemon', '--version'))) return 'dbus-daemon is not installed';
  if (!(await works('gdbus', 'help'))) return 'gdbus is not installed (libglib2.0-bin)';
  if (!(await works('python3', '-c', 'import dbusmock'))) return 'python3-dbusmock is not installed';
  return missingForSessions();
}

/** A bus that only this test knows; answers its address. */
async function privateBus(): Promise<string> {
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address=1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void bus.kill('SIGKILL'));
  let address = '';
  bus.stdout.on('data', (chunk: Buffer) => {
    address += chunk.toString('utf8');
  });
  return poll(
    () => address.trim(),
    (line) => line !== '',
    { what: 'the bus' },
  );
}

function daemon(env: NodeJS.ProcessEnv): ChildProcess {
  const template = [
    '--template',
    'notification_daemon',
    '-p',
    '{"capabilities": "body body-markup actions"}',
  ];
  const mock = spawn('python3', ['-m', 'dbusmock', ...template], { env, stdio: 'ignore' });
  onTestFinished(() => void mock.kill('SIGKILL'));
  return mock;
}

test('a session that is done is announced on the bus, and its click is heard', async (ctx: TestContext) => {
  const lacking = await missing();
  if (lacking !== null) return ctx.skip(lacking);
  const program = await electronProgram();
  const claude = await createClaudeWorld();
  if (program === null || claude === null) return ctx.skip('Electron or the Claude Code client went away');
  onTestFinished(() => claude.dispose());

  const bus = { ...process.env, DBUS_SESSION_BUS_ADDRESS: await privateBus() };
  daemon(bus);
  const call = async (...args: string[]) =>
    (
      await run(
        'gdbus',
        [
          'call',
          '--session',
          '--dest',
          'org.freedesktop.Notifications',
          '--object-path',
          '/org/freedesktop/Notifications',
          ...args,
        ],
        { env: bus },
      )
    ).stdout;
  const announced = () =>
    call('--method', 'org.freedesktop.DBus.Mock.GetMethodCalls', 'Notify').catch(() => '');
  await poll(
    () => call('--method', 'org.freedesktop.Notifications.GetServerInformation').catch(() => ''),
    (answer) => answer !== '',
    { what: 'the daemon' },
  );

  const { sandbox, env, api } = claude;
  const repository = await sandbox.repository('shop');
  const settings = join(sandbox.home, '.config/orchard/settings.json');
  await mkdir(dirname(settings), { recursive: true });
  const quick = { ...defaultSettings.notifications, shortestTurnSeconds: 0 };
  const added = { added: [repository], hidden: [] };
  await writeFile(
    settings,
    JSON.stringify({ ...defaultSettings, repositories: added, notifications: quick }),
  );
  await writeFile(join(sandbox.home, '.profile'), `PATH='${env.PATH ?? ''}'\nexport PATH\n`);
  api.script('Sum up', [say('a < b && done.')]);

  const own = process.env.DBUS_SESSION_BUS_ADDRESS;
  process.env.DBUS_SESSION_BUS_ADDRESS = bus.DBUS_SESSION_BUS_ADDRESS;
  onTestFinished(() => {
    if (own === undefined) delete process.env.DBUS_SESSION_BUS_ADDRESS;
    else process.env.DBUS_SESSION_BUS_ADDRESS = own;
  });
  const app = await startOnElectron(program, { env, args: ['--hidden'] });
  onTestFinished(() => app.dispose());
  await poll(
    () => app.tray(),
    (tray) => tray?.tooltip === 'no sessions',
    { what: 'the tray', limitMs: 30_000 },
  );

  await claude.start({ directory: repository, prompt: 'Sum up' });
  const calls = await poll(announced, (text) => text.includes('shop'), { what: 'Notify', limitMs: 30_000 });
  expect(calls).toContain('a &lt; b &amp;&amp; done.');
  expect(calls).toContain("'default'");

  await call(
    '--method',
    'org.freedesktop.DBus.Mock.EmitSignal',
    'org.freedesktop.Notifications',
    'ActionInvoked',
    'us',
    "[<uint32 1>, <'default'>]",
  );
  // Clicked is seen: the row asks for no look any more.
  await poll(
    () => app.tray(),
    (tray) => tray?.tooltip === '1 idle',
    { what: 'a session that was seen', limitMs: 20_000 },
  );
});
