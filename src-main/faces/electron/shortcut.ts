import type { GlobalShortcut } from 'electron';

export interface ShortcutDeps {
  readonly globalShortcut: Pick<GlobalShortcut, 'register' | 'unregister' | 'isRegistered'>;
  readonly onPress: () => void;
}

export interface Shortcut {
  /** Registers this accelerator instead of the last one; null registers none. Answers a sentence when it can't. */
  apply(accelerator: string | null): string | null;
  dispose(): void;
}

/**
 * The global shortcut. Systems refuse silently (another app has it, or the Wayland desktop has no
 * GlobalShortcuts portal), so the registration is looked at again and the outcome said.
 */
export function createShortcut({ globalShortcut, onPress }: ShortcutDeps): Shortcut {
  let registered: string | null = null;
  function drop() {
    if (registered !== null) globalShortcut.unregister(registered);
    registered = null;
  }
  return {
    apply(accelerator) {
      if (accelerator === registered) return null;
      drop();
      if (accelerator === null) return null;
      try {
        if (globalShortcut.register(accelerator, onPress) && globalShortcut.isRegistered(accelerator)) {
          registered = accelerator;
          return null;
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
