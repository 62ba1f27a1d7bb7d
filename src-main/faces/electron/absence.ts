/** When nobody sits before the screen: asleep, or locked. */
import type { PowerMonitor } from 'electron';
import type { Cancel } from '../../engine/ports';

export interface AbsenceDeps {
  readonly powerMonitor: Pick<PowerMonitor, 'on' | 'off' | 'getSystemIdleState'>;
  readonly onAway: () => void;
  /** Somebody is back; told once, however many events say so. */
  readonly onBack: () => void;
}

export interface Absence {
  /** Something shows that somebody is there: the popover was opened, a tray icon clicked. */
  seen(): void;
  /** Looks whether the screen is still locked; some desktops lock and never say that they unlocked. */
  look(): void;
  stop: Cancel;
}

/** Used within this many seconds, the system counts as active. */
const ACTIVE_WITHIN_S = 60;

export function followAbsence({ powerMonitor, onAway, onBack }: AbsenceDeps): Absence {
  const reasons = new Set<'asleep' | 'locked'>();
  function leave(reason: 'asleep' | 'locked') {
    const wasThere = reasons.size === 0;
    reasons.add(reason);
    if (wasThere) onAway();
  }
  /** After a sleep the screen is often locked still: one return, when both are over. */
  function come(...over: readonly ('asleep' | 'locked')[]) {
    const wasAway = reasons.size > 0;
    for (const reason of over) reasons.delete(reason);
    if (wasAway && reasons.size === 0) onBack();
  }
  const suspend = () => leave('asleep');
  const resume = () => {
    // Without a word before it slept, waking is news all the same.
    if (reasons.size === 0) leave('asleep');
    come('asleep');
  };
  const lock = () => leave('locked');
  const unlock = () => come('asleep', 'locked');
  powerMonitor.on('suspend', suspend);
  powerMonitor.on('resume', resume);
  powerMonitor.on('lock-screen', lock);
  powerMonitor.on('unlock-screen', unlock);
  return {
    seen: () => come('asleep', 'locked'),
    look() {
      if (reasons.has('locked') && powerMonitor.getSystemIdleState(ACTIVE_WITHIN_S) === 'active')
        come('asleep', 'locked');
    },
    stop() {
      powerMonitor.off('suspend', suspend);
      powerMonitor.off('resume', resume);
      powerMonitor.off('lock-screen', lock);
      powerMonitor.off('unlock-screen', unlock);
    },
  };
}
