/** What the app's own scheme serves: files below one directory, each with headers that allow little. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { APP_PAGE, belongsTo } from './addresses';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/**
 * Everything comes from the app itself and nothing goes out. Inline style attributes are not needed:
 * React sets styles through the object model, which this policy does not restrict.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const APP_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

export interface AppFile {
  readonly path: string;
  readonly contentType: string;
}

/**
 * The file that an address names, or null: another host, a kind of file that is not served, or a path
 * that leads out of `root` in any spelling (`..`, percent-encoded, a backslash, a drive letter, a zero
 * byte). `root` is absolute.
 */
export function appFile(root: string, address: string): AppFile | null {
  if (!belongsTo(APP_PAGE, address)) return null;
  let name: string;
  try {
    name = decodeURIComponent(new URL(address).pathname);
  } catch {
    return null;
  }
  if (name.includes('\0') || name.includes('\\') || name.includes(':')) return null;
  const path = resolve(root, `.${name === '/' ? '/index.html' : name}`);
  const inside = relative(root, path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return null;
  const contentType = CONTENT_TYPES[/\.[a-z0-9]+$/.exec(path)?.[0] ?? ''];
  return contentType === undefined ? null : { path, contentType };
}
