/** Which addresses are ours, and which may be opened in the person's browser. Always parsed, never compared as text. */

export const APP_SCHEME = 'app';
export const APP_HOST = 'orchard';
export const APP_PAGE = `${APP_SCHEME}://${APP_HOST}/index.html`;

function parse(address: unknown): URL | null {
  if (typeof address !== 'string') return null;
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/**
 * Whether an origin or address belongs to the page that the app itself loads. `URL.origin` is 'null'
 * for schemes that the URL standard does not know, so scheme, host and port are compared instead.
 */
export function belongsTo(page: string, address: unknown): boolean {
  const ours = parse(page);
  const theirs = parse(address);
  return (
    ours !== null &&
    theirs !== null &&
    theirs.protocol === ours.protocol &&
    theirs.host === ours.host &&
    theirs.username === '' &&
    theirs.password === ''
  );
}

/** Hosts that a link in the popover may lead to: the code hosts' compare pages and the downloads it names. */
const OUTSIDE_HOSTS: readonly string[] = [
  'github.com',
  'gitlab.com',
  'bitbucket.org',
  'git-scm.com',
  'code.claude.com',
  'docs.claude.com',
];

/** The address to hand to the browser, normalised, or null when it is not one of those few. */
export function outsideAddress(address: unknown): string | null {
  const url = parse(address);
  if (url === null || url.protocol !== 'https:' || url.port !== '') return null;
  if (url.username !== '' || url.password !== '') return null;
  return OUTSIDE_HOSTS.includes(url.hostname) ? url.href : null;
}
