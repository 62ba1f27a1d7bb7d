/**
 * What no page of this app may do, whatever it contains.
 * https://www.electronjs.org/docs/latest/tutorial/security
 */
import type { App, Session, Shell, WebContents } from 'electron';
import type { Log } from '../../engine/ports';
import { belongsTo, outsideAddress } from './addresses';

type GuardedSession = Pick<
  Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler' | 'on'
>;

/** No permission of any kind, no device, no download. */
export function hardenSession(session: GuardedSession, log: Log): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    log.warn('hardening.permission', { permission });
    answer(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event) => event.preventDefault());
}

interface HardenDeps {
  readonly page: string;
  readonly shell: Pick<Shell, 'openExternal'>;
  readonly log: Log;
}

/** No navigation away, no new window, no webview; a link goes to the browser when its host is listed. */
export function hardenContents(contents: WebContents, deps: HardenDeps): void {
  const stay = (event: { preventDefault(): void }, url: string) => {
    if (belongsTo(deps.page, url)) return;
    event.preventDefault();
    deps.log.warn('hardening.navigation', { url });
  };
  contents.on('will-frame-navigate', (details) => {
    // No frame of the page leads anywhere, its own address included: the page has no frames.
    if (!details.isMainFrame) details.preventDefault();
    else stay(details, details.url);
  });
  contents.on('will-navigate', (details) => stay(details, details.url));
  contents.on('will-redirect', (details) => stay(details, details.url));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    const outside = outsideAddress(url);
    if (outside === null) deps.log.warn('hardening.window', { url });
    else
      deps.shell.openExternal(outside).catch((error: unknown) => {
        deps.log.warn('hardening.open-external', { error: String(error) });
      });
    return { action: 'deny' };
  });
}

/** Hardens every web contents from the moment it exists. */
export function hardenApp(app: Pick<App, 'on'>, deps: HardenDeps): void {
  app.on('web-contents-created', (_event, contents) => hardenContents(contents, deps));
}
