import type { Clock } from '../../src-main/engine/ports';

/** A clock whose hands a test turns: nothing happens until `advance`. */
export function createManualClock(startMs = Date.UTC(2026, 0, 5, 9, 0, 0)) {
  let now = startMs;
  let nextId = 1;
  const due = new Map<number, { at: number; run: () => void }>();
  const clock: Clock = {
    now: () => now,
    schedule(delayMs, run) {
      const id = nextId++;
      due.set(id, { at: now + Math.max(0, delayMs), run });
      return () => {
        due.delete(id);
      };
    },
  };
  return {
    ...clock,
    /** Moves the hands, running what falls due in order; what those schedule runs too if it is due. */
    advance(ms: number) {
      const until = now + ms;
      for (;;) {
        const next = [...due.entries()]
          .filter(([, timer]) => timer.at <= until)
          .sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
        if (next === undefined) break;
        due.delete(next[0]);
        now = next[1].at;
        next[1].run();
      }
      now = until;
    },
    pending: () => due.size,
  };
}
