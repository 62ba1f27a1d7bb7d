const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "5 min", "3 hours", "2 days": the skill's own words. Milliseconds, a minute or more. */
function span(ms: number): string {
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  const [count, unit] = ms < 2 * DAY ? [Math.floor(ms / HOUR), 'hour'] : [Math.floor(ms / DAY), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** How long ago an ISO time was; a clock that is a little ahead counts as now. */
export function ago(iso: string, now: number): string {
  const ms = now - Date.parse(iso);
  if (Number.isNaN(ms)) return 'unknown';
  return ms < MINUTE ? 'just now' : `${span(ms)} ago`;
}

/** How long something has lasted that began at an ISO time. */
export function since(iso: string, now: number): string {
  const ms = Math.max(0, now - Date.parse(iso));
  return ms < MINUTE ? 'just now' : span(ms);
}
