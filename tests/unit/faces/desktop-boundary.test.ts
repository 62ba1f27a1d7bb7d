/** What the desktop face lets in and out: addresses, files of its own scheme, senders, launches. */
import { resolve } from 'node:path';
import type { IpcMainInvokeEvent, WebContents } from 'electron';
import { describe, expect, test } from 'vitest';
import { APP_PAGE, belongsTo, outsideAddress } from '../../../src-main/faces/electron/addresses';
import { APP_HEADERS, appFile } from '../../../src-main/faces/electron/app-files';
import { decodeLaunchRequest, launchRequest } from '../../../src-main/faces/electron/launch-requests';
import { senderProblem } from '../../../src-main/faces/electron/sender';

const root = resolve('/opt/orchard/out/renderer');

describe('the app’s own scheme', () => {
  test('serves the page and its assets with their types', () => {
    expect(appFile(root, 'app://orchard/')).toEqual({
      path: resolve(root, 'index.html'),
      contentType: 'text/html; charset=utf-8',
    });
    expect(appFile(root, 'app://orchard/assets/index-a1.js?v=1#x')).toEqual({
      path: resolve(root, 'assets/index-a1.js'),
      contentType: 'text/javascript; charset=utf-8',
    });
  });

  test.each([
    'app://orchard/../main/main.js',
    'app://orchard/%2e%2e/main/main.js',
    'app://orchard/..%2fmain/main.js',
    'app://orchard/%2e%2e%2f%2e%2e%2fpackage.js',
    'app://orchard/..%5cmain.js',
    'app://orchard/C:/windows/x.js',
    'app://orchard//etc/passwd',
    'app://orchard/index.html%00.js',
    'app://orchard/%',
    'app://elsewhere/index.html',
    'https://orchard/index.html',
    'app://user:password@orchard/index.html',
    'app://orchard/assets/',
    'app://orchard/assets/index.js.map',
    'nonsense',
  ])('does not serve %s', (address) => {
    const file = appFile(root, address);
    // The URL parser itself resolves plain dots; what is left must still be inside the root.
    if (file !== null)
      expect(file.path.startsWith(`${root}/`) || file.path.startsWith(`${root}\\`)).toBe(true);
    else expect(file).toBeNull();
    if (!address.startsWith('app://orchard/../') && !address.startsWith('app://orchard/%2e%2e/'))
      expect(file).toBeNull();
  });

  test('lets the page load nothing from elsewhere, and no inline script', () => {
    const policy = APP_HEADERS['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(APP_HEADERS['x-content-type-options']).toBe('nosniff');
  });
});

describe('addresses', () => {
  test.each([
    ['app://orchard/index.html', true],
    ['app://orchard', true],
    ['app://orchard.evil.example/index.html', false],
    ['app://orchard:1/index.html', false],
    ['https://orchard/', false],
    ['file:///opt/orchard/index.html', false],
    ['null', false],
    ['', false],
    [undefined, false],
  ])('%s belongs to the page: %s', (address, expected) => {
    expect(belongsTo(APP_PAGE, address)).toBe(expected);
  });

  test.each([
    ['https://github.com/a/b/compare/main...x', 'https://github.com/a/b/compare/main...x'],
    ['https://GITHUB.com/a', 'https://github.com/a'],
    ['http://github.com/a', null],
    ['https://github.com:8443/a', null],
    ['https://github.com.evil.example/', null],
    ['https://github.com@evil.example/', null],
    ['https://evil.example/?https://github.com', null],
    ['javascript:alert(1)', null],
    ['file:///etc/passwd', null],
    ['//github.com/a', null],
    [null, null],
  ])('%s leads outside to %s', (address, expected) => {
    expect(outsideAddress(address)).toBe(expected);
  });
});

describe('the sender of a call', () => {
  const frame = { parent: null, origin: 'app://orchard' };
  const contents = { mainFrame: frame } as unknown as WebContents;
  const event = (sender: unknown, senderFrame: unknown) =>
    ({ sender, senderFrame }) as Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>;
  const ours = (candidate: WebContents) => candidate === contents;

  test('is the main frame of the popover, from its own origin', () => {
    expect(senderProblem(event(contents, frame), APP_PAGE, ours)).toBeNull();
  });

  test.each([
    ['a frame that is gone', event(contents, null)],
    ['another window', event({ mainFrame: frame }, frame)],
    ['a frame inside the page', event(contents, { parent: frame, origin: 'app://orchard' })],
    [
      'a frame that is not the current main frame',
      event(contents, { parent: null, origin: 'app://orchard' }),
    ],
  ])('is refused from %s', (_what, given) => {
    expect(senderProblem(given, APP_PAGE, ours)).toMatch(/^[A-Z]/);
  });

  test.each(['null', 'https://evil.example', 'app://orchard.evil.example', ''])(
    'is refused from origin “%s”',
    (origin) => {
      const foreign = { parent: null, origin };
      const page = { mainFrame: foreign } as unknown as WebContents;
      expect(senderProblem(event(page, foreign), APP_PAGE, () => true)).toBe(
        'Only Orchard’s own page may ask',
      );
    },
  );
});

describe('a launch', () => {
  test('opens the popover, unless it is the one at login', () => {
    expect(launchRequest(['orchard'])).toEqual({ view: 'worktrees' });
    expect(launchRequest(['orchard', '--hidden'])).toEqual({ view: null });
  });

  test.each([
    [{ view: 'spawn' }, { view: 'spawn' }],
    [{ view: null }, { view: null }],
    [{ view: 'rm -rf' }, { view: 'worktrees' }],
    ['spawn', { view: 'worktrees' }],
    [null, { view: 'worktrees' }],
    [undefined, { view: 'worktrees' }],
  ])('that says %j asks for %j', (data, expected) => {
    expect(decodeLaunchRequest(data)).toEqual(expected);
  });
});
