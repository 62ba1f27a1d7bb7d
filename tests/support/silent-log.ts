import type { Log } from '../../src-main/engine/ports';

/** Keeps what was logged, for tests that ask; says nothing. */
export function createSilentLog() {
  const lines: { readonly level: 'info' | 'warn' | 'bug'; readonly event: string; readonly data: unknown }[] =
    [];
  const log: Log = {
    info: (event, data) => void lines.push({ level: 'info', event, data }),
    warn: (event, data) => void lines.push({ level: 'warn', event, data }),
    bug(event, data) {
      lines.push({ level: 'bug', event, data });
      return `test-${lines.length}`;
    },
  };
  return { ...log, lines: lines as readonly (typeof lines)[number][] };
}
