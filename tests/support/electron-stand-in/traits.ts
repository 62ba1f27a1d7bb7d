/** What kind of desktop the app is on, where a real one would have to be found or broken for it. */

export interface DesktopTraits {
  /**
   * When a window says `ready-to-show`. On native Wayland a hidden one never does
   * (https://github.com/electron/electron/issues/48859).
   */
  readonly paint: 'at-once' | 'late' | 'never';
  /** `refused`: a window is shown, and the system leaves the focus where it is. */
  readonly focus: 'given' | 'refused';
  /**
   * What becomes of a notification. `unsupported`: there is no library for them. Refused with these words;
   * none, where no daemon answers (Linux).
   */
  readonly notifications: 'shown' | 'unsupported' | { readonly refusedWith: string };
  readonly packaged: boolean;
}

export const usualTraits: DesktopTraits = {
  paint: 'at-once',
  focus: 'given',
  notifications: 'shown',
  packaged: false,
};

/** Where an app finds what its desktop is like at the start: a DesktopTraits as JSON, or a part of it. */
export const TRAITS_VARIABLE = 'ORCHARD_DESKTOP_TRAITS';
