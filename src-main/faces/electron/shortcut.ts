import type { GlobalShortcut } from 'electron';
import type { Platform } from './platform-policy';

export interface ShortcutDeps {
  readonly globalShortcut: Pick<GlobalShortcut, 'register' | 'unregister' | 'isRegistered'>;
  /** Whether the desktop grants shortcuts through a portal, whose refusal Electron does not hear. */
  readonly byPortal: boolean;
  readonly onPress: () => void;
  /** The shortcut that was not proved was pressed: it works. */
  readonly onProved: () => void;
}

export interface Shortcut {
  /** Registers this accelerator instead of the last one; null registers none. Answers a sentence when it can't. */
  apply(accelerator: string | null): string | null;
  dispose(): void;
}

/** Native Wayland, the default since Electron 38 wherever the session is one. */
export function shortcutsByPortal(
  platform: Platform,
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
): boolean {
  if (platform !== 'linux') return false;
  if (argv.includes('--ozone-platform=x11') || env.ELECTRON_OZONE_PLATFORM_HINT === 'x11') return false;
  return (env.WAYLAND_DISPLAY ?? '') !== '' || env.XDG_SESSION_TYPE === 'wayland';
}

/**
 * The global shortcut. Systems refuse silently (another app has it), so the registration is looked at
 * again and the outcome said. Where a Wayland portal grants it, Electron answers yes to both questions
 * whatever the portal said (https://github.com/electron/electron/issues/52218): only a press proves it.
 */
export function createShortcut({ globalShortcut, byPortal, onPress, onProved }: ShortcutDeps): Shortcut {
  let registered: string | null = null;
  let proved = !byPortal;
  const doubt = () =>
    proved || registered === null
      ? null
      : `Whether this desktop granted ${registered} is not proved until you press it: Wayland desktops refuse without a word.`;
  function drop() {
    if (registered !== null) globalShortcut.unregister(registered);
    registered = null;
  }
  function pressed() {
    if (!proved) {
      proved = true;
      onProved();
    }
    onPress();
  }
  return {
    apply(accelerator) {
      if (accelerator === registered) return doubt();
      drop();
      if (accelerator === null) return null;
      proved = !byPortal;
      try {
        if (globalShortcut.register(accelerator, pressed) && globalShortcut.isRegistered(accelerator)) {
          registered = accelerator;
          return doubt();
        }
        return `The shortcut ${accelerator} is not registered: another app has it, or this desktop does not allow it.`;
      } catch {
        // Electron throws a TypeError for text that is no accelerator.
        return `“${accelerator}” is no shortcut that the system understands.`;
      }
    },
    dispose: drop,
  };
}
