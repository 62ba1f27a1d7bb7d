/** What the desktop face says to the system: menu, notifications, autostart file, dialogs. */
import { describe, expect, test } from 'vitest';
import { autostartEntry, autostartPath } from '../../../src-main/faces/electron/autostart-file';
import {
  aboutOf,
  activatedName,
  fitBytes,
  notificationBody,
  notificationName,
  refused,
  toastXml,
} from '../../../src-main/faces/electron/notification-text';
import { visible } from '../../../src-main/faces/electron/person';
import { platformPolicies } from '../../../src-main/faces/electron/platform-policy';
import { menuText } from '../../../src-main/faces/electron/tray-menu';

describe('menu text', () => {
  test('is one clipped line, in which & is no access key', () => {
    expect(menuText('build && test\n\tnow')).toBe('build &&&& test now');
    expect(menuText('🌳'.repeat(60))).toBe(`${'🌳'.repeat(47)}…`);
  });
  test('has nothing that reorders or hides', () => {
    expect(menuText('safe\u202egnp.exe\u200b\u0007')).toBe('safe gnp.exe');
  });
});

describe('notification text', () => {
  test('is fitted by bytes, at a whole character', () => {
    expect(fitBytes('short', 10)).toBe('short');
    const fitted = fitBytes('ééééééé', 9);
    expect(fitted).toBe('ééé…');
    expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(9);
  });
  test('is no markup for the daemons of Linux, and itself elsewhere', () => {
    const body = 'Bash: make <all> && echo "a"';
    expect(notificationBody(body, platformPolicies.linux)).toBe('Bash: make &lt;all&gt; &amp;&amp; echo "a"');
    expect(notificationBody(body, platformPolicies.darwin)).toBe(body);
    expect(notificationBody(body, platformPolicies.win32)).toBe(body);
  });
  test('an activation on Windows names its notification, and that the session, also one of an earlier run', () => {
    const name = notificationName('s-0123456789ab', 'mabc12', 7);
    expect(name).toMatch(/^[0-9A-Za-z-]{1,64}$/);
    const launch = /launch="([^"]*)"/.exec(toastXml({ name, title: 't', body: 'b', silent: false }))?.[1];
    const raw = launch?.replaceAll('&amp;', '&') ?? '';
    expect(activatedName(raw)).toBe(name);
    expect(aboutOf(name)).toBe('s-0123456789ab');
    expect(activatedName('type=click')).toBeNull();
    expect(activatedName('')).toBeNull();
    expect(aboutOf('14317607570838471237')).toBeNull();
  });
  test('a toast holds any text as text, and no character that XML has not', () => {
    const xml = toastXml({ name: 'n', title: 'a "<b>" & c', body: 'x\u0007\uD800y\n🌳', silent: true });
    expect(xml).toContain('<text>a &quot;&lt;b&gt;&quot; &amp; c</text><text>x  y\n🌳</text>');
    expect(xml).toContain('<audio silent="true"/>');
  });
  test('a refusal has words also where the system has none, and a next step', () => {
    for (const platform of ['darwin', 'linux', 'win32'] as const)
      for (const packaged of [true, false])
        for (const words of ['', ' ', 'Some words'])
          for (const line of Object.values(refused(platform, packaged, words))) {
            expect(line).toMatch(/[\p{L}`)][.]?$/u);
            expect(line).not.toMatch(/:\s*$/);
          }
    expect(refused('linux', false, '').problem).toContain('No notification service answered');
    expect(refused('darwin', false, '').problem).toContain('signed apps only');
    expect(refused('darwin', true, 'not allowed').next).toContain('System Settings');
    expect(refused('win32', true, 'Disabled by policy').problem).toContain('Disabled by policy');
  });
});

describe('the autostart file', () => {
  test('is where the base directory specification says', () => {
    expect(autostartPath({ XDG_CONFIG_HOME: '/x/config' }, '/home/p')).toBe(
      '/x/config/autostart/orchard.desktop',
    );
    expect(autostartPath({ XDG_CONFIG_HOME: 'relative' }, '/home/p')).toBe(
      '/home/p/.config/autostart/orchard.desktop',
    );
    expect(autostartPath({}, '/home/p')).toBe('/home/p/.config/autostart/orchard.desktop');
  });
  test('quotes the command as the desktop entry specification wants', () => {
    const entry = autostartEntry(['/opt/My "Apps"/$orch`ard\\100%', '--hidden']) ?? '';
    expect(entry).toContain('Exec="/opt/My \\\\"Apps\\\\"/\\\\$orch\\\\`ard\\\\\\\\100%%" "--hidden"\n');
    expect(entry.startsWith('[Desktop Entry]\nType=Application\n')).toBe(true);
  });
  test('is not written for a path that it could not hold', () => {
    expect(autostartEntry(['/opt/a\nExec=evil'])).toBeNull();
  });
});

test('a dialog shows every character of what is approved', () => {
  expect(visible('rm -rf x\u202e\u2066 # \u001b[2K\n\tnext')).toBe(
    'rm -rf x\\u{202E}\\u{2066} # \\u{001B}[2K\n\tnext',
  );
  expect(visible('npm ci && npm test')).toBe('npm ci && npm test');
});
