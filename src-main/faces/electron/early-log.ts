import { randomUUID } from 'node:crypto';
import type { Log } from '../../engine/ports';

/** A log for what exists before the engine: to stderr until the engine's own log is there. */
export function createEarlyLog(write: (line: string) => void): Log & { attach(log: Log): void } {
  let attached: Log | null = null;
  return {
    attach(log) {
      attached = log;
    },
    info(event, data) {
      attached?.info(event, data);
    },
    warn(event, data) {
      if (attached === null) write(`orchard: ${event} ${JSON.stringify(data ?? {})}\n`);
      else attached.warn(event, data);
    },
    bug(event, error) {
      if (attached !== null) return attached.bug(event, error);
      const reference = randomUUID().slice(0, 8);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      write(`orchard: ${event} (${reference})\n${text}\n`);
      return reference;
    },
  };
}
