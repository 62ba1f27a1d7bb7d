/** Waits for a condition by looking again and again: the only waiting that tests do. */

/**
 * How long tests wait at most, in milliseconds. What is waited for comes long before on a calm machine; on
 * one with a load of twenty everything takes some ten times as long, and that is no failure.
 */
export const LIMITS = {
  /** A condition that follows from something that just happened. */
  soon: 60_000,
  /** A program with everything in it: the app, a browser, a session. */
  start: 180_000,
} as const;

/**
 * Looks for `withinMs` at most, and answers whether it came about; for what is tried again otherwise. That
 * it was too short on a slow machine costs another try and no more.
 */
export async function cameAbout<T>(
  look: () => T | Promise<T>,
  good: (value: T) => boolean,
  { withinMs, everyMs = 10 }: { readonly withinMs: number; readonly everyMs?: number },
): Promise<boolean> {
  const end = performance.now() + withinMs;
  for (;;) {
    if (good(await look())) return true;
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export async function poll<T>(
  look: () => T | Promise<T>,
  good: (value: T) => boolean = (value) => Boolean(value),
  { limitMs = LIMITS.soon as number, everyMs = 10, what = 'the condition' } = {},
): Promise<T> {
  // Whoever asks for less means a calm machine.
  const limit = Math.max(limitMs, LIMITS.soon);
  const end = performance.now() + limit;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (performance.now() > end)
      throw new Error(`${what} did not come about in ${limit} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
