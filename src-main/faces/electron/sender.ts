import type { IpcMainInvokeEvent, WebContents } from 'electron';
import { belongsTo } from './addresses';

/**
 * Whether a call comes from the page that the app itself loaded: the popover's own web contents, its
 * main frame, and an origin that parses to the page's. Answers what is wrong, or null.
 * https://www.electronjs.org/docs/latest/tutorial/security#17-validate-the-sender-of-all-ipc-messages
 */
export function senderProblem(
  event: Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>,
  page: string,
  owns: (contents: WebContents) => boolean,
): string | null {
  const frame = event.senderFrame;
  if (frame === null) return 'The page that asked is gone';
  if (!owns(event.sender)) return 'Only Orchard’s own window may ask';
  if (frame.parent !== null || frame !== event.sender.mainFrame)
    return 'Only the page itself may ask, not a frame in it';
  if (!belongsTo(page, frame.origin)) return 'Only Orchard’s own page may ask';
  return null;
}
