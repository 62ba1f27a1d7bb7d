/** A real tray icon: what it tells the panel, a click there, and its menu as a panel reads it. */
import { expect, onTestFinished, test } from 'vitest';
import { shown } from '../e2e/driver';
import { startOnElectron } from '../e2e/electron-driver';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { openBus } from './bus';
import { onOwnBus } from './on-own-bus';

test('the icon registers with the panel, a click on it opens the popover, and its menu leads there too', async (ctx) => {
  const electron = onOwnBus(ctx);
  const bus = openBus(electron.env);
  const before = await bus.trayItems();
  const { env } = await createSandbox();
  const { program, env: desktop } = electron;
  const app = await startOnElectron({ program, desktop, env, args: ['--hidden'] });
  onTestFinished(() => app.dispose());
  const items = await poll(bus.trayItems, (all) => all.length > before.length, {
    what: 'the icon',
    everyMs: 50,
  });
  const item = items.find((one) => !before.includes(one)) ?? '';
  const slash = item.indexOf('/');
  const [name, path] =
    slash === -1 ? [item, '/StatusNotifierItem'] : [item.slice(0, slash), item.slice(slash)];
  const property = async (key: string) =>
    bus.call(name, path, 'org.freedesktop.DBus.Properties.Get', 'org.kde.StatusNotifierItem', key);
  await poll(
    () => property('ToolTip'),
    (text) => text.includes('no sessions'),
    { what: 'the tooltip', everyMs: 50 },
  );
  expect(await app.isPopoverVisible()).toBe(false);
  await bus.call(name, path, 'org.kde.StatusNotifierItem.Activate', '0', '0');
  await shown(app);
  await bus.call(name, path, 'org.kde.StatusNotifierItem.Activate', '0', '0');
  await shown(app, false);

  const menu = /'([^']+)'/.exec(await property('Menu'))?.[1] ?? '';
  const layout = await bus.call(name, menu, 'com.canonical.dbusmenu.GetLayout', '0', '--', '-1', '@as []');
  expect(layout).toContain('Open Orchard');
  expect(layout).toContain('Quit Orchard');
  const entry = /\((\d+), \{[^{}]*'label': <'Open Orchard'>/.exec(layout)?.[1] ?? '';
  await bus.call(name, menu, 'com.canonical.dbusmenu.Event', entry, 'clicked', '<0>', '0');
  await shown(app);
});
