/** When a rate limit ends, from the client's own sentence about it. */

const DAY_MS = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * Understands `…limit reached|1719000000` (older clients) and `… resets 3pm (Europe/Berlin)`,
 * `… resets Nov 28 at 3:30pm (UTC)`. Milliseconds since the epoch; null when the sentence does not say.
 */
export function findLimitReset(message: string, saidAt: number): number | null {
  const stamp = /\|(\d{10})\b/.exec(message);
  if (stamp?.[1] !== undefined) return Number(stamp[1]) * 1000;
  const words =
    /resets?\s+(?:at\s+)?(?:(?<month>[a-z]{3})[a-z]*\.?\s+(?<day>\d{1,2})(?:,|\s+at)?\s+)?(?:at\s+)?(?<hour>\d{1,2})(?::(?<minute>\d{2}))?\s*(?<half>am|pm)(?:\s*\((?<zone>[^)]+)\))?/i.exec(
      message,
    )?.groups;
  if (words === undefined) return null;
  const hour = (Number(words.hour) % 12) + (words.half?.toLowerCase() === 'pm' ? 12 : 0);
  const minute = Number(words.minute ?? 0);
  const zone = knownZone(words.zone);
  const today = wallClock(saidAt, zone);
  if (words.month !== undefined) {
    const month = MONTHS.indexOf(words.month.toLowerCase());
    if (month < 0) return null;
    const day = Number(words.day);
    // December says "Jan 2": the next one.
    const year = month < today.month ? today.year + 1 : today.year;
    return instantOf({ year, month, day, hour, minute }, zone);
  }
  const candidate = instantOf({ ...today, hour, minute }, zone);
  return candidate > saidAt
    ? candidate
    : instantOf({ ...wallClock(saidAt + DAY_MS, zone), hour, minute }, zone);
}

interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** Undefined is the machine's own zone. */
function knownZone(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name.trim() }).resolvedOptions().timeZone;
  } catch {
    return undefined; // A zone this system has not heard of.
  }
}

function wallClock(at: number, zone: string | undefined): WallClock {
  const parts = new Intl.DateTimeFormat('en', {
    ...(zone === undefined ? {} : { timeZone: zone }),
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((found) => found.type === type)?.value);
  return {
    year: part('year'),
    month: part('month') - 1,
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
  };
}

/** The instant at which clocks in the zone show this; the offset is looked up twice, for summer time. */
function instantOf(wanted: WallClock, zone: string | undefined): number {
  const asUtc = Date.UTC(wanted.year, wanted.month, wanted.day, wanted.hour, wanted.minute);
  let instant = asUtc;
  for (let pass = 0; pass < 2; pass++) {
    const shown = wallClock(instant, zone);
    instant += asUtc - Date.UTC(shown.year, shown.month, shown.day, shown.hour, shown.minute);
  }
  return instant;
}
