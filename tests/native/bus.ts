/** What arrives on the run's own bus, and what a person does there: at the notification daemon and the panel. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { poll } from '../support/poll';

const run = promisify(execFile);

export interface Bus {
  call(destination: string, path: string, method: string, ...args: string[]): Promise<string>;
  /** Every `Notify` so far, as gdbus prints them; empty when there is no daemon. */
  notices(): Promise<string>;
  /** Clicks the newest notification with this text, as the daemon tells it. */
  clickNotice(text: string): Promise<void>;
  /** The tray icons that registered, as `name/path` on the bus. */
  trayItems(): Promise<readonly string[]>;
}

const DAEMON = ['org.freedesktop.Notifications', '/org/freedesktop/Notifications'] as const;

export function openBus(env: Readonly<Record<string, string>>): Bus {
  const call: Bus['call'] = async (destination, path, method, ...args) =>
    (
      await run(
        'gdbus',
        ['call', '--session', '--dest', destination, '--object-path', path, '--method', method, ...args],
        { env: { ...process.env, ...env } },
      )
    ).stdout;
  const notices = () => call(...DAEMON, 'org.freedesktop.DBus.Mock.GetMethodCalls', 'Notify').catch(() => '');
  return {
    call,
    notices,
    async clickNotice(text) {
      const all = (await notices())
        .split(/(?=\((?:uint64 )?\d+, \[)/)
        .filter((one) => /^\((?:uint64 )?\d/.test(one));
      const at = all.findLastIndex((one) => one.includes(text));
      if (at === -1) throw new Error(`No notification says “${text}”`);
      // The mock counts from 1, one for each `Notify` that replaces none.
      const args = `[<uint32 ${at + 1}>, <'default'>]`;
      const signal = ['org.freedesktop.Notifications', 'ActionInvoked', 'us', args];
      await call(...DAEMON, 'org.freedesktop.DBus.Mock.EmitSignal', ...signal);
    },
    async trayItems() {
      const property = ['org.kde.StatusNotifierWatcher', 'RegisteredStatusNotifierItems'];
      const watcher = ['org.kde.StatusNotifierWatcher', '/StatusNotifierWatcher'] as const;
      const answer = await call(...watcher, 'org.freedesktop.DBus.Properties.Get', ...property);
      return [...answer.matchAll(/'([^']+)'/g)].map(([, item]) => item ?? '');
    },
  };
}

/** Waits for a notification with this text. */
export const noticed = (bus: Bus, text: string) =>
  poll(bus.notices, (all) => all.includes(text), {
    what: `“${text}” at the notification daemon`,
    everyMs: 50,
  });
