import type { PowerSaveBlocker } from 'electron';
import type { Snapshot } from '../../contract/snapshot';
import type { Platform } from './platform-policy';

export interface StayAwake {
  follow(snapshot: Pick<Snapshot, 'counts'>): void;
  dispose(): void;
}

/**
 * Keeps macOS from napping the app while a session is at work: a menu-bar app without a window is put to
 * App Nap, its timers are stretched, and what needs a person is told late. The same assertion keeps the
 * Mac from idling to sleep (https://github.com/electron/electron/issues/30859), so it is held only while
 * something works, never for a session that waits. The other systems nap no apps.
 */
export function createStayAwake(
  blocker: Pick<PowerSaveBlocker, 'start' | 'stop'>,
  platform: Platform,
): StayAwake {
  let held: number | null = null;
  function release() {
    if (held !== null) blocker.stop(held);
    held = null;
  }
  return {
    follow({ counts }) {
      if (platform !== 'darwin') return;
      if (counts.working === 0) release();
      else held ??= blocker.start('prevent-app-suspension');
    },
    dispose: release,
  };
}
