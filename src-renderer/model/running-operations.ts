import type { Failure } from '@contract/failures';
import type { OperationEvent, OperationKind } from '@contract/operations';

export type StepState = 'waiting' | Extract<OperationEvent['change'], { type: 'step' }>['state'];

export interface RunningOperation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly repositoryId: string;
  readonly worktreeId: string | null;
  readonly startedAt: string;
  readonly title: string;
  /** What it waits for before it can begin, in words. */
  readonly waitsFor: string | null;
  readonly steps: readonly { readonly text: string; readonly state: StepState }[];
  /** The newest output, cut from the front so that a chatty build can't eat the page. */
  readonly output: string;
  readonly finished: { readonly failure: Failure | null; readonly summary: string } | null;
}
export type Operations = ReadonlyMap<string, RunningOperation>;

const MOST_OUTPUT = 40_000;
const MOST_KEPT = 12;

/** Terminal colours and cursor moves are for terminals. ECMA-48 CSI and OSC sequences. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const terminalSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/**
 * A carriage return rewrites its line: only the last writing is kept. One at the very end stays, because
 * what it means (a new line, or a rewritten one) comes with the next piece.
 */
export const readableOutput = (text: string): string =>
  text.replace(terminalSequences, '').replaceAll('\r\n', '\n').split('\n').map(lastWriting).join('\n');

function lastWriting(line: string): string {
  const end = line.endsWith('\r') ? line.length - 2 : line.length - 1;
  return line.slice(line.lastIndexOf('\r', end) + 1);
}

function appended(output: string, text: string): string {
  const whole = readableOutput(output + text);
  if (whole.length <= MOST_OUTPUT) return whole;
  const cut = whole.slice(-MOST_OUTPUT);
  return `…${cut.slice(cut.indexOf('\n'))}`;
}

/** The operations after one more event. Events of an operation whose start was missed still count. */
export function withEvent(operations: Operations, event: OperationEvent): Operations {
  const known: RunningOperation = operations.get(event.operation) ?? {
    id: event.operation,
    kind: event.kind,
    repositoryId: event.repositoryId,
    worktreeId: event.worktreeId,
    startedAt: event.at,
    title: '',
    waitsFor: null,
    steps: [],
    output: '',
    finished: null,
  };
  const next = new Map(operations);
  next.set(event.operation, applied(known, event.change));
  const finished = [...next.values()].filter((operation) => operation.finished !== null);
  for (const old of finished.slice(0, Math.max(0, finished.length - MOST_KEPT))) next.delete(old.id);
  return next;
}

function applied(operation: RunningOperation, change: OperationEvent['change']): RunningOperation {
  switch (change.type) {
    case 'waiting':
      return { ...operation, waitsFor: change.for };
    case 'started':
      return {
        ...operation,
        waitsFor: null,
        title: change.title,
        steps: change.steps.map((text) => ({ text, state: 'waiting' })),
      };
    case 'step': {
      const { step, state } = change;
      const listed = operation.steps.some(({ text }) => text === step);
      return {
        ...operation,
        waitsFor: null,
        steps: listed
          ? operation.steps.map((one) => (one.text === step ? { ...one, state } : one))
          : [...operation.steps, { text: step, state }],
      };
    }
    case 'output':
      return { ...operation, output: appended(operation.output, change.text) };
    case 'finished':
      return { ...operation, finished: { failure: change.failure, summary: change.summary } };
  }
}
