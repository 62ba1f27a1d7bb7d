/** Relative times, in the fewest characters that a person reads at a glance. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** `now`, `4m`, `3h`, `2d`, `5w`; times in the future (clocks differ) are `now`. Input: ISO 8601, and epoch ms. */
export function shortAge(at: string, now: number): string {
  const age = now - Date.parse(at);
  if (Number.isNaN(age)) return '';
  if (age < MINUTE) return 'now';
  if (age < HOUR) return `${Math.floor(age / MINUTE)}m`;
  if (age < DAY) return `${Math.floor(age / HOUR)}h`;
  if (age < 2 * WEEK) return `${Math.floor(age / DAY)}d`;
  return `${Math.floor(age / WEEK)}w`;
}

const spoken = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'} ago`;

/** The same, for a screen reader: "4 minutes ago". */
export function spokenAge(at: string, now: number): string {
  const age = now - Date.parse(at);
  if (Number.isNaN(age)) return '';
  if (age < MINUTE) return 'just now';
  if (age < HOUR) return spoken(Math.floor(age / MINUTE), 'minute');
  if (age < DAY) return spoken(Math.floor(age / HOUR), 'hour');
  if (age < 2 * WEEK) return spoken(Math.floor(age / DAY), 'day');
  return spoken(Math.floor(age / WEEK), 'week');
}

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** For a tooltip: the person's own format and time zone. */
export function exactTime(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : absolute.format(time);
}

/** "29 Nov", as the person's locale writes it. */
export function shortDay(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : dayAndTime.format(time);
}

/** 1 500 → "1.5 kB"; decimal units, as the systems' own file managers show. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
