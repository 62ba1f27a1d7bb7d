import type { TranscriptTail } from '../domain/facts';
import { findLimitReset } from './limit-reset';
import { isRecord, summariseTool } from './tool-summary';

type Line = Readonly<Record<string, unknown>>;

/** Reads transcript lines in order and keeps what they tell. The format is undocumented: nothing is required. */
export interface TailFold {
  add(line: string): void;
  tail(): TranscriptTail;
  /** Whether anything of a conversation was met: a prompt or an answer, not what a local command printed. */
  readonly spoken: boolean;
  /** Working directories that lines named, oldest first. */
  readonly directories: ReadonlySet<string>;
}

/** A message can be pages long; this much of its beginning and end is kept. */
const KEPT_OF_MESSAGE = 4_000;

export function createTailFold(): TailFold {
  let lastMessage: string | null = null;
  let lastAt: number | null = null;
  let turnStartedAt: number | null = null;
  let turnEndedAt: number | null = null;
  let turnOpen = false;
  let interrupted = false;
  let error: TranscriptTail['error'] = null;
  let spoken = false;
  /** A slash command begins a turn only if Claude answers it: `/clear` and its like are local. */
  let commandAt: number | null = null;
  const pending = new Map<string, NonNullable<TranscriptTail['pendingTool']>>();
  const directories = new Set<string>();

  const begin = (at: number | null) => {
    spoken = true;
    turnStartedAt = at;
    turnEndedAt = null;
    turnOpen = true;
    interrupted = false;
    error = null;
    commandAt = null;
    pending.clear();
  };
  const end = (at: number | null) => {
    turnOpen = false;
    turnEndedAt = at;
    pending.clear();
  };

  const addUser = (line: Line, at: number | null) => {
    const { text, blocks } = contentOf(line.message);
    const results = blocks.filter(({ type }) => type === 'tool_result');
    for (const { tool_use_id: id } of results) if (typeof id === 'string') pending.delete(id);
    if (results.length > 0 || line.isMeta === true || line.isCompactSummary === true || text === '') return;
    if (text.startsWith('[Request interrupted by user')) {
      end(at);
      interrupted = true;
    } else if (/^<command-(name|message)>/.test(text)) commandAt = at;
    // What a local command or `!command` printed is no prompt.
    else if (!/^<(local-command|bash)-/.test(text)) begin(at);
  };

  const addAssistant = (line: Line, at: number | null) => {
    const { text, blocks, stopReason } = contentOf(line.message);
    spoken = true;
    if (commandAt !== null) begin(commandAt);
    if (line.isApiErrorMessage === true) {
      end(at);
      error = apiError(line, text, at);
      return;
    }
    if (text !== '') lastMessage = kept(text);
    for (const { type, id, name, input } of blocks)
      if (type === 'tool_use' && typeof id === 'string' && typeof name === 'string')
        pending.set(id, { name, summary: summariseTool(name, input) });
    // Lines of clients that write before the message is whole have no stop reason yet.
    if (stopReason === null || stopReason === 'tool_use' || stopReason === 'pause_turn') turnOpen = true;
    else end(at);
  };

  return {
    get spoken() {
      return spoken;
    },
    directories,
    add(raw) {
      const line = parse(raw);
      // Subagents' lines are not the session's business.
      if (line === null || line.isSidechain === true) return;
      const at = timeOf(line.timestamp);
      if (at !== null) lastAt = Math.max(lastAt ?? 0, at);
      if (typeof line.cwd === 'string') directories.add(line.cwd);
      if (line.type === 'user') addUser(line, at);
      else if (line.type === 'assistant') addAssistant(line, at);
      else if (line.type === 'system' && line.subtype === 'turn_duration' && turnOpen) end(at);
    },
    tail: () => ({
      lastMessage,
      lastAt,
      turnStartedAt,
      turnEndedAt,
      error,
      pendingTool: asked([...pending.values()]),
      interrupted,
      turnOpen,
    }),
  };
}

/** Of several tools without a result, the one a dialog is probably about: agents run in the background. */
function asked(tools: readonly NonNullable<TranscriptTail['pendingTool']>[]): TranscriptTail['pendingTool'] {
  return (
    tools.find(({ name }) => name === 'AskUserQuestion') ??
    tools.find(({ name }) => name !== 'Agent' && name !== 'Task') ??
    tools[0] ??
    null
  );
}

function parse(raw: string): Line | null {
  // Most bytes are the client's own bookkeeping, whose lines begin with their type.
  if (raw.startsWith('{"type":"') && !/^\{"type":"(user|assistant|system)"/.test(raw)) return null;
  try {
    const value: unknown = JSON.parse(raw);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function timeOf(value: unknown): number | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? at : null;
}

function contentOf(message: unknown) {
  const known = isRecord(message) ? message : {};
  const stopReason = typeof known.stop_reason === 'string' ? known.stop_reason : null;
  if (typeof known.content === 'string') return { text: known.content.trim(), blocks: [], stopReason };
  const blocks = (Array.isArray(known.content) ? known.content : []).filter(isRecord);
  const text = blocks
    .map(({ type, text: words }) => (type === 'text' && typeof words === 'string' ? words : ''))
    .join('\n')
    .trim();
  return { text, blocks, stopReason };
}

function kept(text: string): string {
  if (text.length <= KEPT_OF_MESSAGE) return text;
  const characters = [...text];
  const half = KEPT_OF_MESSAGE / 2;
  return `${characters.slice(0, half).join('')}\n…\n${characters.slice(-half).join('')}`;
}

function apiError(line: Line, text: string, at: number | null): NonNullable<TranscriptTail['error']> {
  const limited =
    line.error === 'rate_limit' ||
    line.apiErrorStatus === 429 ||
    line.apiErrorType === 'rate_limit_error' ||
    /limit reached|hit your .*limit/i.test(text);
  const resetsAt = limited ? findLimitReset(text, at ?? 0) : null;
  const message = text
    .replace(/^API Error:\s*/, '')
    .replace(/\|\d{10}\b/, '')
    .replaceAll(/\s+/g, ' ');
  return { kind: limited ? 'rate-limit' : 'other', message: kept(message), resetsAt };
}
