/**
 * When the popover goes by itself: some moments after the focus went elsewhere. A blur that means
 * nothing, or comes while a dialog is open, is looked at again, because no second one follows it.
 */
import type { Cancel, Clock } from '../../engine/ports';

/** Room for the focus to come back: a menu or the window itself may take it for a moment. */
const HIDE_AFTER_BLUR_MS = 100;
/** How long after showing it is seen whether the focus came at all. */
const FIRST_LOOK_MS = 400;
/** Without any focus there is no blur either (https://github.com/electron/electron/issues/25915). */
const UNFOCUSED_LOOK_MS = 10_000;

export interface FocusWatchDeps {
  /** Monotonic. */
  readonly clock: Clock;
  /** How long after showing a blur means nothing by itself, in milliseconds. */
  readonly ignoreBlurMs: number;
  readonly isVisible: () => boolean;
  readonly isFocused: () => boolean;
  /** A native dialog of ours has the focus. */
  readonly isHeld: () => boolean;
  readonly isPointerInside: () => boolean;
  readonly focus: () => void;
  /** The focus is elsewhere since `at` (milliseconds of `clock`): hide. */
  readonly leave: (at: number) => void;
}

export interface FocusWatch {
  /** It was shown, or a dialog above it closed: the focus should come now. */
  expect(): void;
  focused(): void;
  blurred(): void;
  /** It is hidden or gone. */
  stop(): void;
}

export function createFocusWatch(deps: FocusWatchDeps): FocusWatch {
  const { clock } = deps;
  let expectedAt = Number.NEGATIVE_INFINITY;
  /** When the first blur came that was not acted upon. */
  let passedOver: number | null = null;
  let pendingHide: Cancel | null = null;
  let pendingLook: Cancel | null = null;

  function cancelHide() {
    pendingHide?.();
    pendingHide = null;
  }
  function stop() {
    cancelHide();
    pendingLook?.();
    pendingLook = null;
    passedOver = null;
  }
  function look(afterMs: number, then: () => void) {
    pendingLook?.();
    pendingLook = clock.schedule(afterMs, () => {
      pendingLook = null;
      // A held one is looked at again when the dialog closes.
      if (deps.isVisible() && !deps.isHeld() && !deps.isFocused()) then();
    });
  }
  function lookAtUnfocused() {
    look(UNFOCUSED_LOOK_MS, () => {
      if (deps.isPointerInside()) lookAtUnfocused();
      else deps.leave(clock.now());
    });
  }

  return {
    expect() {
      stop();
      expectedAt = clock.now();
      look(Math.max(deps.ignoreBlurMs, FIRST_LOOK_MS), () => {
        if (passedOver !== null) return deps.leave(passedOver);
        // The system gave the focus to somebody else: asked for once more, then it may be read, not stay.
        deps.focus();
        lookAtUnfocused();
      });
    },
    focused() {
      cancelHide();
      passedOver = null;
    },
    blurred() {
      const at = clock.now();
      if (deps.isHeld() || at - expectedAt < deps.ignoreBlurMs) {
        passedOver ??= at;
        return;
      }
      cancelHide();
      pendingHide = clock.schedule(HIDE_AFTER_BLUR_MS, () => {
        pendingHide = null;
        if (deps.isVisible() && !deps.isHeld()) deps.leave(at);
      });
    },
    stop,
  };
}
