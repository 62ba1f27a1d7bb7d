/** Waits for a condition by looking again and again: the only waiting that tests do. */
export async function poll<T>(
  look: () => T | Promise<T>,
  good: (value: T) => boolean = (value) => Boolean(value),
  { limitMs = 10_000, everyMs = 10, what = 'the condition' } = {},
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (performance.now() > end)
      throw new Error(`${what} did not come about in ${limitMs} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
