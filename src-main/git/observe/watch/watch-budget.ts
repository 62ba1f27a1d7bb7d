/** inotify watches are few and shared by every program of a person; this is Orchard's part of them. */
export interface WatchBudget {
  /** Takes that many if they are left. */
  take(count: number): boolean;
  give(count: number): void;
  /** There are more or fewer to have than before; what is taken already stays. */
  allow(most: number): void;
  readonly left: number;
  readonly taken: number;
  readonly most: number;
}

export function createWatchBudget(atFirst: number): WatchBudget {
  let most = atFirst;
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
    allow(next) {
      most = next;
    },
    get left() {
      return Math.max(0, most - taken);
    },
    get most() {
      return most;
    },
    get taken() {
      return taken;
    },
  };
}
