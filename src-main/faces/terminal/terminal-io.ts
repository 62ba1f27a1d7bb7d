/** The process's own streams, as the commands need them. */
import { createInterface } from 'node:readline/promises';
import { type Style, styleFor } from './style';

export interface Stream {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly style: Style;
  /** Columns and rows; null when it is no terminal and nothing has to fit. */
  size(): { readonly columns: number; readonly rows: number } | null;
  onResize(listener: () => void): () => void;
  /** The reader went away (`orch monitor | head -1`): nothing more needs to be written. */
  readonly gone: boolean;
  onGone(listener: () => void): () => void;
}

export interface TerminalIo {
  readonly out: Stream;
  readonly err: Stream;
  /** Asks for a yes; null when there is nobody to ask. Anything but y or yes is a no. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  /** Keys of a person at the terminal, raw, until the returned function is called; null without one. */
  readonly keys: ((listener: (key: string) => void) => () => void) | null;
  /** Waits until everything written has left the process. */
  flush(): Promise<void>;
}

type Env = Readonly<Record<string, string | undefined>>;

function openStream(stream: NodeJS.WriteStream, env: Env): Stream {
  const listeners = new Set<() => void>();
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A closed pipe is how `head` says "enough"; a terminal that was closed answers EIO.
    if (error.code !== 'EPIPE' && error.code !== 'EIO' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    gone = true;
    for (const listener of listeners) listener();
  });
  const isTerminal = stream.isTTY === true;
  return {
    write(text) {
      if (!gone) stream.write(text);
    },
    isTerminal,
    style: styleFor(isTerminal, env),
    size() {
      if (isTerminal) return { columns: stream.columns || 80, rows: stream.rows || 24 };
      const columns = Number(env.COLUMNS);
      return Number.isInteger(columns) && columns >= 20 ? { columns, rows: Number.MAX_SAFE_INTEGER } : null;
    },
    onResize(listener) {
      stream.on('resize', listener);
      return () => stream.off('resize', listener);
    },
    get gone() {
      return gone;
    },
    onGone(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function openTerminalIo(
  { stdin, stdout, stderr }: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
  env: Env,
): TerminalIo {
  const out = openStream(stdout, env);
  const err = openStream(stderr, env);
  const attended = stdin.isTTY === true && err.isTerminal;
  return {
    out,
    err,
    ask: attended
      ? async (question) => {
          const lines = createInterface({ input: stdin, output: stderr });
          try {
            const answer = await Promise.race([
              // Rejects when it is closed unanswered, which some versions of Node do.
              lines.question(`${question} [y/N] `).catch(() => ''),
              // Ctrl+D, or Ctrl+C: readline takes it from the terminal, and it means no.
              new Promise<string>((resolve) => {
                lines.once('SIGINT', () => {
                  stderr.write('\n');
                  resolve('');
                });
                lines.once('close', () => resolve(''));
              }),
            ]);
            return /^\s*y(es)?\s*$/i.test(answer);
          } finally {
            lines.close();
            stdin.pause();
          }
        }
      : null,
    keys: stdin.isTTY
      ? (listener) => {
          const hear = (data: Buffer) => listener(data.toString('utf8'));
          stdin.setRawMode(true);
          stdin.resume();
          stdin.on('data', hear);
          return () => {
            stdin.off('data', hear);
            stdin.setRawMode(false);
            stdin.pause();
          };
        }
      : null,
    async flush() {
      await Promise.all(
        [stdout, stderr].map(
          (stream) =>
            new Promise<void>((resolve) => {
              if (stream.destroyed || stream.writableLength === 0) resolve();
              else {
                stream.once('error', () => resolve());
                stream.write('', () => resolve());
              }
            }),
        ),
      );
    },
  };
}
