import type { NotificationRequest } from '../../domain/facts';
import type { PlatformPolicy } from './platform-policy';

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

/** The tag in what Windows hands over when a notification is activated (`type=click&tag=…`), or null. */
export function activationTag(raw: string): string | null {
  const tag = new URLSearchParams(raw).get('tag');
  return tag === null || tag === '' ? null : tag;
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
