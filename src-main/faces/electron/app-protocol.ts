import { readFile } from 'node:fs/promises';
import type { Protocol } from 'electron';
import type { Log } from '../../engine/ports';
import { APP_SCHEME } from './addresses';
import { APP_HEADERS, appFile } from './app-files';

/**
 * Must run before the app is ready, once. The page gets an origin of its own (file: pages share theirs
 * with every file of the disk): https://www.electronjs.org/docs/latest/tutorial/security
 */
export function registerAppScheme(protocol: Pick<Protocol, 'registerSchemesAsPrivileged'>): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built renderer below `root` (absolute) to GET requests; anything else is refused. */
export function serveApp(deps: {
  readonly protocol: Pick<Protocol, 'handle'>;
  readonly root: string;
  readonly log: Log;
}): void {
  const refuse = (status: number) => new Response(null, { status, headers: APP_HEADERS });
  deps.protocol.handle(APP_SCHEME, async (request) => {
    if (request.method !== 'GET') return refuse(405);
    const file = appFile(deps.root, request.url);
    if (file === null) {
      deps.log.warn('app-protocol.refused', { url: request.url });
      return refuse(404);
    }
    try {
      const body = await readFile(file.path);
      return new Response(body, { headers: { ...APP_HEADERS, 'content-type': file.contentType } });
    } catch (error) {
      deps.log.warn('app-protocol.unreadable', { path: file.path, error: String(error) });
      return refuse(404);
    }
  });
}
