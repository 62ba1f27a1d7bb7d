/** What reaches the tray on each system; only what that system's Electron has is there to be called. */
import { EventEmitter } from 'node:events';
import type { Menu, MenuItemConstructorOptions, NativeImage, Tray } from 'electron';
import { expect, test } from 'vitest';
import type { Snapshot } from '../../../src-main/contract/snapshot';
import type { Platform } from '../../../src-main/faces/electron/platform-policy';
import type { Anchor } from '../../../src-main/faces/electron/popover-window';
import { createOrchardTray } from '../../../src-main/faces/electron/tray';
import { trayMenu } from '../../../src-main/faces/electron/tray-menu';
import { emptySnapshot } from '../../support/fake-orchard';
import { createManualClock } from '../../support/manual-clock';
import { sessionView, worktreeView } from '../../support/views';

function trayOn(platform: Platform) {
  const clock = createManualClock();
  const calls: (readonly unknown[])[] = [];
  const record =
    (name: string) =>
    (...args: readonly unknown[]) => {
      calls.push([name, ...args]);
    };
  const common = {
    setToolTip: record('setToolTip'),
    setImage: record('setImage'),
    setContextMenu: record('setContextMenu'),
    isDestroyed: () => false,
    destroy: record('destroy'),
  };
  const desktop = {
    getBounds: () => ({ x: 900, y: 0, width: 24, height: 24 }),
    popUpContextMenu: record('popUp'),
  };
  const mac = {
    setTitle: record('setTitle'),
    setIgnoreDoubleClickEvents: record('setIgnoreDoubleClickEvents'),
  };
  const tray = Object.assign(
    new EventEmitter(),
    common,
    platform === 'linux' ? {} : desktop,
    platform === 'darwin' ? mac : {},
  );
  const clicks: Anchor[] = [];
  const orchardTray = createOrchardTray({
    createTray: (image) => {
      record('created')(image);
      return tray as unknown as Tray;
    },
    imageFromPath: (path) => path.replace(/.*[/\\]/, '') as unknown as NativeImage,
    buildMenu: (template: MenuItemConstructorOptions[]) =>
      template.map(({ label }) => label) as unknown as Menu,
    cursor: () => ({ x: 910, y: 10 }),
    platform,
    clock,
    icons: '/icons',
    onClick: (anchor) => clicks.push(anchor),
    onAction: () => {},
  });
  const of = (name: string) => calls.filter(([called]) => called === name).map(([, ...args]) => args);
  return { orchardTray, tray, of, clicks, clock };
}

const asking: Snapshot = {
  ...emptySnapshot,
  line: '1 needs you · 2 working',
  tray: { icon: 'needs-you', title: '1 needs you · 2 working' },
};

test('macOS: a template icon, the title beside it, the menu on a right click only', () => {
  const { orchardTray, tray, of, clicks } = trayOn('darwin');
  orchardTray.show(asking);
  expect(of('created')).toEqual([['tray-calmTemplate.png']]);
  expect(of('setImage')).toEqual([['tray-needs-youTemplate.png']]);
  expect(of('setTitle')).toEqual([['1 needs you · 2 working', { fontType: 'monospacedDigit' }]]);
  expect(of('setToolTip').at(-1)).toEqual(['1 needs you · 2 working']);
  expect(of('setIgnoreDoubleClickEvents')).toEqual([[true]]);
  expect(of('setContextMenu')).toEqual([]);
  tray.emit('right-click');
  expect(of('popUp')[0]?.[0]).toContain('Quit Orchard');
  tray.emit('click');
  expect(clicks).toEqual([{ tray: { x: 900, y: 0, width: 24, height: 24 }, pointer: { x: 910, y: 10 } }]);
});

test('Windows: an .ico, the menu attached, a tooltip that fits into 127 characters', () => {
  const { orchardTray, of } = trayOn('win32');
  orchardTray.show({ ...asking, line: `${'😀'.repeat(70)} working` });
  expect(of('setImage')).toEqual([['tray-needs-you.ico']]);
  const [tooltip] = of('setToolTip').at(-1) ?? [];
  expect(String(tooltip).length).toBeLessThanOrEqual(127);
  expect(String(tooltip)).toBe(`${'😀'.repeat(63)}…`);
  expect(of('setContextMenu')).toHaveLength(2);
});

test('Linux: a coloured icon, the menu attached anew after each change, no bounds', () => {
  const { orchardTray, of, clicks, tray } = trayOn('linux');
  orchardTray.show(asking);
  orchardTray.show({ ...asking, revision: 9 });
  expect(of('setContextMenu')).toHaveLength(2);
  orchardTray.show({ ...asking, line: '3 working', tray: { icon: 'working', title: '3 working' } });
  expect(of('setContextMenu')).toHaveLength(3);
  expect(of('setImage')).toEqual([['tray-needs-you.png'], ['tray-working.png']]);
  tray.emit('click');
  expect(clicks).toEqual([{ tray: null, pointer: { x: 910, y: 10 } }]);
  expect(orchardTray.anchor()).toEqual({ tray: null, pointer: null });
});

test('the menu lists those that need you first, the longest-waiting on top, eight at most', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 9, minute)).toISOString();
  const row = (name: string, attention: 'needs-you' | 'look', minute: number) =>
    worktreeView({
      name,
      task: name,
      attention,
      sessions: [
        sessionView({
          sessionId: name,
          state: attention === 'look' ? 'done' : 'needs-answer',
          attention,
          since: at(minute),
        }),
      ],
    });
  const worktrees = [
    row('looks', 'look', 1),
    row('asked later', 'needs-you', 9),
    row('asked first', 'needs-you', 2),
    worktreeView({ name: 'quiet' }),
    ...Array.from({ length: 6 }, (_, index) => row(`look ${index}`, 'look', 10 + index)),
  ];
  const menu = trayMenu({
    ...asking,
    repositories: [
      { id: 'r-000000000001', name: 'shop', root: '/shop', base: 'main', worktrees, landingOrders: [] },
    ],
    elsewhere: [
      {
        ...sessionView({ sessionId: 'x', state: 'failed', attention: 'needs-you', since: at(5) }),
        directory: '/tmp/x',
      },
    ],
  });
  expect(menu.flatMap((entry) => (entry.type === 'item' ? [entry.label] : ['-']))).toEqual([
    'Open Orchard',
    '-',
    '1 needs you · 2 working',
    'asked first — needs an answer',
    '/tmp/x — failed',
    'asked later — needs an answer',
    'looks — done',
    'look 0 — done',
    'look 1 — done',
    'look 2 — done',
    'look 3 — done',
    '2 more…',
    '-',
    'New worktree…',
    'Settings',
    '-',
    'Quit Orchard',
  ]);
  const elsewhere = menu.find((entry) => entry.type === 'item' && entry.label.startsWith('/tmp/x'));
  expect(elsewhere).toMatchObject({ action: { type: 'open-session' } });
});

test('Linux: a panel that missed the new icon is told once more; an unchanged one is left alone', () => {
  for (const [platform, times] of [
    ['linux', 2],
    ['darwin', 1],
    ['win32', 1],
  ] as const) {
    const { orchardTray, of, clock } = trayOn(platform);
    orchardTray.show(asking);
    orchardTray.show(asking);
    clock.advance(60_000);
    expect(of('setImage')).toHaveLength(times);
    orchardTray.repaint();
    expect(of('setImage')).toHaveLength(times + 1);
    expect(new Set(of('setImage').flat()).size).toBe(1);
  }
});
