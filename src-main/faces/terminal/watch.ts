/** `orch monitor --watch`: a calm screen in a terminal, a block or a line per change elsewhere. */
import type { Snapshot } from '../../contract/snapshot';
import type { Orchard } from '../../engine/orchard';
import { monitorJson } from './json';
import { monitorText } from './monitor-text';
import type { TerminalIo } from './terminal-io';
import { fitEnd } from './text';

export interface WatchOptions {
  readonly orchard: Pick<Orchard, 'snapshot' | 'onSnapshot'>;
  readonly io: TerminalIo;
  readonly json: boolean;
  readonly now: () => number;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** Ends the watching: Ctrl+C, a signal. */
  readonly signal: AbortSignal;
}

/** Resolves when the person has seen enough, or the reader went away. */
export const watchMonitor = (options: WatchOptions): Promise<void> =>
  options.io.out.isTerminal && !options.json ? watchOnScreen(options) : watchAsStream(options);

async function watchAsStream({ orchard, io, json, now, platform, signal }: WatchOptions): Promise<void> {
  let last = '';
  const show = (snapshot: Snapshot) => {
    if (!snapshot.complete) return;
    const document = monitorJson(snapshot);
    // A change is what a reader can see change; that time passes is none.
    const shape = JSON.stringify({ ...document, revision: null, takenAt: null });
    if (shape === last) return;
    const columns = io.out.size()?.columns ?? null;
    const block = json
      ? JSON.stringify(document)
      : `${last === '' ? '' : '\n'}${monitorText(snapshot, { now: now(), columns, style: io.out.style, platform })}`;
    last = shape;
    io.out.write(`${block}\n`);
  };
  show(orchard.snapshot());
  const stop = orchard.onSnapshot(show);
  await ended(io, signal);
  stop();
}

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** One frame at a time, where the terminal knows how: https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036 */
const BEGIN = '\u001b[?2026h\u001b[H';
const END = '\u001b[J\u001b[?2026l';
/** Ages are said in minutes. */
const AGES_MS = 10_000;

async function watchOnScreen(options: WatchOptions): Promise<void> {
  const { orchard, io, now, platform, signal } = options;
  const { out } = io;
  let shown = '';
  const draw = (force: boolean) => {
    const { columns, rows } = out.size() ?? { columns: 80, rows: 24 };
    const snapshot = orchard.snapshot();
    const text = monitorText(snapshot, { now: now(), columns, style: out.style, platform });
    const frame = frameLines(text, snapshot.line, rows, columns, out.style.dim);
    const next = frame.map((line) => `\u001b[2K${line}`).join('\r\n');
    if (next === shown && !force) return;
    shown = next;
    out.write(`${BEGIN}${next}${END}`);
  };

  out.write(ENTER);
  draw(true);
  const stops = [
    orchard.onSnapshot(() => draw(false)),
    out.onResize(() => draw(true)),
    () => clearInterval(ages),
  ];
  const ages = setInterval(() => draw(false), AGES_MS);
  const enough = new AbortController();
  const resume = () => {
    out.write(ENTER);
    draw(true);
  };
  const stopKeys = io.keys?.((key) => {
    if (key === '\u0003' || key === 'q' || key === '\u001b' || key === '\u0004') enough.abort();
    // Raw mode takes Ctrl+Z away from the terminal: give the screen back, then stop as asked.
    else if (key === '\u001a' && process.platform !== 'win32') {
      out.write(LEAVE);
      process.once('SIGCONT', resume);
      process.kill(process.pid, 'SIGTSTP');
    }
  });
  try {
    await ended(io, AbortSignal.any([signal, enough.signal]));
  } finally {
    stopKeys?.();
    for (const stop of stops) stop();
    process.off('SIGCONT', resume);
    out.write(LEAVE);
  }
}

/** What fits, with the status line last; what does not fit is counted, not scrolled. */
export function frameLines(
  text: string,
  line: string,
  rows: number,
  columns: number,
  dim: (text: string) => string,
): string[] {
  const room = Math.max(1, rows - 2);
  const lines = text.split('\n');
  const hidden = lines.length - room;
  const shown = hidden > 0 ? [...lines.slice(0, room - 1), dim(`… ${hidden + 1} more lines`)] : lines;
  return [...shown, '', dim(fitEnd(`${line} · q to leave`, columns))];
}

function ended(io: TerminalIo, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || io.out.gone) return resolve();
    const stopGone = io.out.onGone(() => done());
    const done = () => {
      stopGone();
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
  });
}
