/** inotify watches are few and shared by every program of a person; this is Orchard's part of them. */
export interface WatchBudget {
  /** Takes that many if they are left. */
  take(count: number): boolean;
  give(count: number): void;
  readonly left: number;
  readonly taken: number;
}

const DEFAULT_WATCHES = 20_000;

export function createWatchBudget(most = DEFAULT_WATCHES): WatchBudget {
  let taken = 0;
  return {
    take(count) {
      if (taken + count > most) return false;
      taken += count;
      return true;
    },
    give(count) {
      taken = Math.max(0, taken - count);
    },
    get left() {
      return most - taken;
    },
    get taken() {
      return taken;
    },
  };
}
