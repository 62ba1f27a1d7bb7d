import type { WatchedBridge } from '../bridge';

/**
 * The desktop's own clipboard when it offers one; else the page's, which browsers give only to secure
 * contexts (loopback is one); else the old way through a selection.
 */
export async function copyText(bridge: WatchedBridge, text: string): Promise<boolean> {
  if (bridge.copy !== undefined) return await bridge.copy(text).catch(() => false);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return copied;
}
