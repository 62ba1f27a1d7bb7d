import type { NotificationRequest } from '../../domain/facts';
import type { Platform, PlatformPolicy } from './platform-policy';

/** Cuts at a whole character so that the UTF-8 form keeps within `bytes`, the ellipsis included. */
export function fitBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let cut = '';
  let used = Buffer.byteLength('…');
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    cut += character;
  }
  return `${cut}…`;
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/**
 * The body as this system takes it. Electron hands it to the Linux daemons unescaped, and they read it
 * as markup: a command with `<` or `&&` would be garbled, and a message could place links of its own.
 * https://specifications.freedesktop.org/notification-spec/latest/markup.html
 */
export function notificationBody(text: string, policy: PlatformPolicy): string {
  const fitted = fitBytes(text, policy.notificationBytes);
  if (!policy.notificationMarkup) return fitted;
  return fitted.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** What this face itself has to say where there is no popover to say it in; the same `about` replaces. */
export const ownNotice = (about: string, message: string): NotificationRequest => ({
  id: `orchard-${about}`,
  title: 'Orchard',
  body: message,
  sound: false,
  sessionKey: null,
  worktreeId: null,
});

/**
 * The name under which the system keeps one notification: what it is about, and which one. Two of one
 * name would be one to the system, and taking the older away takes the newer too. Letters, digits and
 * hyphens, at most 64 of them, as Windows wants a tag to be.
 */
export const notificationName = (about: string, run: string, count: number): string =>
  `${about}-${run}-${count}`;

/** What a notification is about, also one of an earlier run; null for a name that is not ours. */
export function aboutOf(name: string): string | null {
  return /^(.+)-[0-9a-z]+-\d+$/.exec(name)?.[1] ?? null;
}

/** The name in what Windows hands over when a notification is activated (`type=click&tag=…`), or null. */
export function activatedName(raw: string): string | null {
  const tag = new URLSearchParams(raw).get('tag');
  return tag === null || tag === '' ? null : tag;
}

/** Characters that no XML document may hold: https://www.w3.org/TR/xml/#charsets. */
const NOT_IN_XML = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu;

/**
 * A toast whose activation names it in our own words: the arguments that Electron writes itself name a
 * hash, from which a later run can't tell the session
 * (https://learn.microsoft.com/windows/apps/design/shell/tiles-and-notifications/toast-schema).
 */
export function toastXml(given: {
  readonly name: string;
  readonly title: string;
  readonly body: string;
  readonly silent: boolean;
}): string {
  const text = (line: string) => `<text>${escaped(line.replaceAll(NOT_IN_XML, ' '))}</text>`;
  const launch = escaped(`type=click&tag=${encodeURIComponent(given.name)}`);
  return [
    `<toast launch="${launch}"><visual><binding template="ToastGeneric">`,
    text(given.title),
    text(given.body),
    '</binding></visual>',
    given.silent ? '<audio silent="true"/>' : '',
    '</toast>',
  ].join('');
}

/** Why the system does not show notifications, and what to do. */
export interface Refusal {
  readonly problem: string;
  readonly next: string;
}

export const noService: Refusal = {
  problem: 'This system has no notification service.',
  next: 'Install libnotify and start a notification service (the desktop’s own, dunst or mako), then start Orchard again.',
};

/**
 * Since Electron 42 macOS takes notifications of signed apps only, and drops the others with or without
 * a word (https://www.electronjs.org/docs/latest/breaking-changes).
 */
export const unsigned: Refusal = {
  problem:
    'macOS shows notifications of signed apps only, and Electron as `npm start` runs it is not signed.',
  next: 'A signed build of Orchard notifies; until then the menu bar says what needs you, and `orch monitor --watch` says it in a terminal.',
};

/** After the system refused one. Linux says nothing: no daemon answers, or it broke off. */
export function refused(platform: Platform, packaged: boolean, words: string): Refusal {
  if (platform === 'darwin' && !packaged) return unsigned;
  const said = words.trim();
  if (platform === 'linux')
    return {
      problem:
        said === ''
          ? 'No notification service answered, so nobody was told.'
          : `The notification service refused one: ${said}`,
      next: 'Start the desktop’s own service, dunst or mako; Orchard tries again with the next notification.',
    };
  return {
    problem: `The system refused a notification${said === '' ? ' without saying why.' : `: ${said}`}`,
    next:
      platform === 'darwin'
        ? 'Allow them for Orchard in System Settings, Notifications.'
        : 'Allow them for Orchard in Settings, System, Notifications.',
  };
}
