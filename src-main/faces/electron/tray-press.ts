/**
 * Whether a click on the tray icon is the very press that took the focus from the popover and so closed
 * it: pressing blurs, letting go clicks, and a button may be held in between.
 */
import type { Point } from '../../domain/popover-placement';

/** Held longer, it is a press of its own. */
const LONGEST_PRESS_MS = 2_000;
/** Where the system does not tell the pointer's place, only time can say. */
const LONGEST_BLIND_PRESS_MS = 700;
/** A hand that holds a button moves it a little; icons are 16 to 32 pixels wide. */
const SAME_PLACE_PX = 12;

export interface Press {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  /** Device-independent pixels; null where it is not known. */
  readonly pointer: Point | null;
}

export function isSamePress(closedBy: Press, click: Press): boolean {
  const apart = click.at - closedBy.at;
  const { pointer: from } = closedBy;
  const { pointer: to } = click;
  if (from === null || to === null) return apart < LONGEST_BLIND_PRESS_MS;
  const moved = Math.max(Math.abs(from.x - to.x), Math.abs(from.y - to.y));
  return moved <= SAME_PLACE_PX && apart < LONGEST_PRESS_MS;
}
