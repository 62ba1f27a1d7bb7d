/** Asks the process in which the naive way lives. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface NaivePass {
  /** One worktree after the other. */
  readonly tookMs: number;
  /** All at once. */
  readonly togetherMs: number;
  /** The longest time that its event loop stood still while all ran at once. */
  readonly stallMs: number;
  /** How big its process is. */
  readonly rssMb: number;
}

/** A measuring process of another kind, which answers one question at a time. */
export function startCompanion<Answer>(kind: 'naive' | 'ballast', argument = '') {
  const child = fork(fileURLToPath(new URL('./scenario.js', import.meta.url)), [kind, argument], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
  });
  return {
    ask: (question: unknown): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error(`the ${kind} process ended`));
        child.once('exit', ended);
        child.once('message', (answer) => {
          child.off('exit', ended);
          resolve(answer as Answer);
        });
        child.send(question as NonNullable<unknown>);
      }),
    end: () => child.disconnect(),
  };
}
