/**
 * A Linux desktop of a run's own, that nobody sees: an X server, a window manager, and a bus with a
 * notification daemon (python3-dbusmock) and a host for tray icons. Nothing of the person's desktop is
 * touched, no focus is stolen, and all of it ends with the run.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { poll } from '../poll';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));

const works = (program: string, ...args: readonly string[]) =>
  run(program, args).then(
    () => true,
    () => false,
  );
/** Debian's own, which has Debian's packages, before one that a version manager puts on the PATH. */
const python = () =>
  access('/usr/bin/python3').then(
    () => '/usr/bin/python3',
    () => 'python3',
  );

/** What this machine lacks for such a desktop; null when it has all of it. */
export async function privateDesktopMissing(): Promise<string | null> {
  for (const program of ['Xvfb', 'openbox', 'dbus-daemon', 'gdbus', 'xprop'])
    if (!(await works('which', program))) return `${program} is not installed`;
  if (!(await works(await python(), '-c', 'import dbusmock, gi'))) return 'python3-dbusmock is not installed';
  return null;
}

export interface PrivateDesktop {
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** No service may be started by asking for it: only what is put on this bus is on it. */
const busConfiguration = (
  directory: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${directory}/bus</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/** `beside`: the directory that holds this file, for whoever bundles it. */
export async function startPrivateDesktop(beside = here): Promise<PrivateDesktop> {
  const directory = await mkdtemp(join(tmpdir(), 'orchard-desktop-'));
  const children: { readonly child: ChildProcess; readonly ended: Promise<void> }[] = [];
  const start = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) => {
    const child = spawn(program, args, { env, cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    children.push({ child, ended });
    child.stdout.resume();
    return child;
  };
  async function stop() {
    // The last one first: what draws and listens goes before what it draws and listens on.
    for (const { child, ended } of children.splice(0).reverse()) {
      child.kill('SIGKILL');
      await ended;
    }
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
  try {
    // -displayfd: the server looks for a free number itself and says it when it is ready.
    const screen = ['-displayfd', '1', '-screen', '0', '1920x1080x24', '-nolisten', 'tcp'];
    let number = '';
    start('Xvfb', screen).stdout?.on('data', (chunk: Buffer) => {
      number += chunk.toString('utf8');
    });
    await poll(
      () => number,
      (said) => said.endsWith('\n'),
      { what: 'an X server' },
    );
    const runtime = join(directory, 'runtime');
    await mkdir(runtime, { mode: 0o700 });
    await writeFile(join(directory, 'bus.conf'), busConfiguration(directory));
    const desktop = {
      DISPLAY: `:${number.trim()}`,
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${directory}/bus`,
      XDG_RUNTIME_DIR: runtime,
      XDG_SESSION_TYPE: 'x11',
      // GTK would look for an accessibility bus that is not there.
      NO_AT_BRIDGE: '1',
    };
    const { WAYLAND_DISPLAY: _ofThePerson, ...rest } = process.env;
    const env = { ...rest, ...desktop, HOME: directory };
    start('dbus-daemon', [`--config-file=${join(directory, 'bus.conf')}`, '--nofork']);
    await poll(() => works('test', '-S', join(directory, 'bus')), Boolean, { what: 'the bus' });
    start('openbox', ['--sm-disable'], env);
    const notifications = ['-m', 'dbusmock', '--template', 'notification_daemon'];
    start(await python(), [...notifications, '-p', '{"capabilities": "body body-markup actions"}'], env);
    start(await python(), [join(beside, 'status-notifier-watcher.py')], env);
    const owned = async (name: string) => {
      const ask = [
        'call',
        '--session',
        '--dest',
        'org.freedesktop.DBus',
        '--object-path',
        '/org/freedesktop/DBus',
      ];
      const method = ['--method', 'org.freedesktop.DBus.NameHasOwner', name];
      const answer = await run('gdbus', [...ask, ...method], { env }).catch(() => null);
      return answer?.stdout.includes('true') === true;
    };
    for (const name of ['org.freedesktop.Notifications', 'org.kde.StatusNotifierWatcher'])
      await poll(() => owned(name), Boolean, { what: name, everyMs: 50 });
    const managed = async () =>
      (await run('xprop', ['-root', '_NET_SUPPORTING_WM_CHECK'], { env })).stdout.includes('window id');
    await poll(managed, Boolean, { what: 'a window manager', everyMs: 50 });
    return { env: desktop, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
