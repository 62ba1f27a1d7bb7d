/** A running operation as lines on stderr: what is done stays, what runs is the last line. */
import type { OperationEvent } from '../../contract/operations';
import type { Stream } from './terminal-io';
import { clean, cleanBlock, fitEnd } from './text';

/** Colours and cursor movements of a tool: they are for a terminal of its own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const SEQUENCES = /\u001b(\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\)|[@-Z\\-_])/g;

const glyphs = { done: '✓', skipped: '–', failed: '✗', undone: '↩' } as const;

export interface OperationProgress {
  readonly onEvent: (event: OperationEvent) => void;
  /** The operation under way, to be cancelled; null before the first word of one. */
  operation(): string | null;
  end(): void;
}

export function showProgress(err: Stream, now: () => number): OperationProgress {
  const { style } = err;
  const started = new Map<string, number>();
  let operation: string | null = null;
  let title: string | null = null;
  let running: string | null = null;
  let unfinishedOutput = '';
  /** Without a terminal, a step that prints something is named before it; others only when they end. */
  let announced: string | null = null;

  const eraseRunning = () => {
    if (running !== null && err.isTerminal) err.write('\r\u001b[2K');
  };
  const drawRunning = () => {
    if (running !== null && err.isTerminal)
      err.write(style.cyan(fitEnd(`  ● ${clean(running)}…`, (err.size()?.columns ?? 80) - 1)));
  };
  const line = (text: string) => {
    eraseRunning();
    err.write(`${text}\n`);
    drawRunning();
  };
  const outputLines = (text: string, final: boolean) => {
    // The tail stays as it came: a line, or a sequence, may be cut in two.
    const lines = (unfinishedOutput + text).split(/\r\n|\n|\r(?!$)/);
    unfinishedOutput = final ? '' : (lines.pop() ?? '');
    for (const one of lines) {
      const shown = cleanBlock(one.replace(SEQUENCES, '')).trimEnd();
      if (final && shown === '') continue;
      if (announced !== running && running !== null && !err.isTerminal) {
        announced = running;
        err.write(`  ${clean(running)}…\n`);
      }
      line(style.dim(`      ${shown}`));
    }
  };

  return {
    operation: () => operation,
    onEvent({ operation: id, change }) {
      operation ??= id;
      if (id !== operation) return;
      switch (change.type) {
        case 'started':
          // One that had to wait is told again, with its steps, when it begins.
          if (change.title === title) return;
          title = change.title;
          return line(style.bold(clean(change.title)));
        case 'waiting':
          return line(style.dim(`  Waits for ${clean(change.for)}…`));
        case 'output':
          return outputLines(change.text, false);
        case 'step': {
          outputLines('', true);
          if (change.state === 'running') {
            started.set(change.step, now());
            eraseRunning();
            running = change.step;
            return drawRunning();
          }
          if (running === change.step) {
            eraseRunning();
            running = null;
          }
          const seconds = Math.round((now() - (started.get(change.step) ?? now())) / 1_000);
          started.delete(change.step);
          const paint =
            change.state === 'done' ? style.green : change.state === 'failed' ? style.red : style.dim;
          return line(
            `  ${paint(glyphs[change.state])} ${clean(change.step)}${
              change.state === 'undone' ? ' (taken back)' : change.state === 'skipped' ? ' (skipped)' : ''
            }${seconds >= 2 ? style.dim(` ${seconds} s`) : ''}`,
          );
        }
        case 'finished':
          outputLines('', true);
          eraseRunning();
          running = null;
      }
    },
    end() {
      eraseRunning();
      running = null;
    },
  };
}
