/** The built page's files, and the headers that every answer of the loopback page carries. */
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** As in the desktop app, plus requests to itself: that is how this page reaches the engine. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export interface PageFiles {
  /** The file at an address path, or null. */
  read(pathname: string): Promise<{ readonly body: Buffer; readonly contentType: string } | null>;
}

/**
 * Lists the directory once: only what was found then is ever served, so no spelling of a path can lead
 * out of it. Null when there is no page there.
 */
export async function findPageFiles(directory: string): Promise<PageFiles | null> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, { readonly path: string; readonly contentType: string }>();
  for (const entry of entries) {
    const contentType = CONTENT_TYPES[/\.[a-z0-9]+$/.exec(entry.name)?.[0] ?? ''];
    if (!entry.isFile() || contentType === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(directory.length).replaceAll(sep, '/').replace(/^\/?/, '/'), { path, contentType });
  }
  const index = files.get('/index.html');
  if (index === undefined) return null;
  files.set('/', index);
  return {
    async read(pathname) {
      let name: string;
      try {
        name = decodeURIComponent(pathname);
      } catch {
        return null;
      }
      const file = files.get(name);
      if (file === undefined) return null;
      try {
        return { body: await readFile(file.path), contentType: file.contentType };
      } catch {
        // Rebuilt under a running server: as good as not there.
        return null;
      }
    },
  };
}
