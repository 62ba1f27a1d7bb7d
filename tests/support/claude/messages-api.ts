/**
 * A server that speaks the streaming Messages API (https://docs.claude.com/en/api/messages-streaming)
 * well enough for the real Claude Code client, and answers what a test wrote down for a prompt.
 *
 * It keeps no conversation: the client sends the whole of it with every request, so the prompt is found
 * in there, and how far its turn has come is the number of assistant messages after it. A retried
 * request therefore gets the same answer again.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One answer of a turn, given after `after` (milliseconds, or a promise such as a gate's). */
export type Reply = { readonly after?: number | Promise<unknown> } & (
  | { readonly text: string }
  | { readonly tool: string; readonly input: Readonly<Record<string, unknown>>; readonly say?: string }
  | {
      readonly status: number;
      readonly type: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
);

type Wait = { readonly after?: number | Promise<unknown> };

/** Ends the turn with a text. */
export const say = (text: string, wait: Wait = {}): Reply => ({ text, ...wait });
/** Asks for a tool; the turn goes on with the next reply when the client sends its result. */
export const useTool = (tool: string, input: Readonly<Record<string, unknown>>, wait: Wait = {}): Reply => ({
  tool,
  input,
  ...wait,
});
export const bash = (command: string, more: Readonly<Record<string, unknown>> = {}, wait: Wait = {}): Reply =>
  useTool('Bash', { command, description: 'Runs a command', ...more }, wait);
/** Claude's own question to the person, with its choices. */
export const ask = (question: string, choices: readonly string[], wait: Wait = {}): Reply =>
  useTool(
    'AskUserQuestion',
    {
      questions: [
        {
          question,
          header: 'Choice',
          multiSelect: false,
          options: choices.map((label) => ({ label, description: `Take ${label}` })),
        },
      ],
    },
    wait,
  );
/** Refuses as a rate limit does, and asks the client not to try again. */
export const rateLimited = (retryAfterSeconds = 3_600, wait: Wait = {}): Reply => ({
  status: 429,
  type: 'rate_limit_error',
  message: 'This request would exceed your rate limit.',
  headers: { 'retry-after': String(retryAfterSeconds), 'x-should-retry': 'false' },
  ...wait,
});
export const serverError = (wait: Wait = {}): Reply => ({
  status: 500,
  type: 'api_error',
  message: 'Internal server error',
  headers: { 'x-should-retry': 'false' },
  ...wait,
});

/** Something that stays shut until a test opens it: `say('done', { after: gate.opened })`. */
export function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

export interface MessagesApi {
  readonly url: string;
  /**
   * What a prompt that contains `text` is answered, reply by reply. Of several that fit, the one that
   * stands last in the prompt wins, then the longest; after the last reply, and for a prompt that nothing fits, the answer is "ok".
   */
  script(text: string, replies: readonly Reply[]): void;
  /** Prompts that the server has been asked about, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string }[];
}

export async function createMessagesApi(): Promise<MessagesApi> {
  const scripts = new Map<string, readonly Reply[]>();
  const asked: string[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'POST' || path !== '/v1/messages') {
      if (request.method === 'POST' && path === '/v1/messages/count_tokens')
        return sendJson(response, 200, { input_tokens: 10 });
      return sendJson(response, 200, {});
    }
    const parsed = JSON.parse(body) as { messages: readonly Message[]; tools?: unknown[]; stream?: boolean };
    // A request with few or no tools is the client's own (a title, a summary): it is no turn.
    const own = (parsed.tools ?? []).length < 3;
    const place = own ? null : findPrompt(parsed.messages, scripts);
    if (!own) asked.push(place?.prompt ?? lastText(parsed.messages));
    const reply = place?.replies[place.step] ?? { text: own ? 'A title' : 'ok' };
    if (typeof reply.after === 'number')
      await new Promise((resolve) => setTimeout(resolve, reply.after as number));
    else await reply.after;
    if (response.destroyed) return;
    if ('status' in reply)
      return sendJson(
        response,
        reply.status,
        { type: 'error', error: { type: reply.type, message: reply.message } },
        reply.headers,
      );
    if (parsed.stream) sendStream(response, reply);
    else sendJson(response, 200, wholeMessage(reply));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent)
        sendJson(response, 500, { type: 'error', error: { type: 'api_error', message: String(error) } });
      else response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    script: (text, replies) => void scripts.set(text, replies),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function texts(message: Message): string {
  if (typeof message.content === 'string') return message.content;
  return message.content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('\n');
}

const lastText = (messages: readonly Message[]): string =>
  messages
    .map((message) => (message.role === 'user' ? texts(message) : ''))
    .findLast((text) => text !== '') ?? '';

/** The newest message that a script fits, and how many answers were given since. */
function findPrompt(messages: readonly Message[], scripts: ReadonlyMap<string, readonly Reply[]>) {
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    if (message?.role !== 'user') continue;
    const text = texts(message);
    // A prompt that was answered with an error is sent again in front of the next one.
    const prompt = [...scripts.keys()]
      .filter((key) => text.includes(key))
      .sort((a, b) => text.lastIndexOf(b) - text.lastIndexOf(a) || b.length - a.length)[0];
    if (prompt === undefined) continue;
    const step = messages.slice(index + 1).filter((later) => later.role === 'assistant').length;
    return { prompt, step, replies: scripts.get(prompt) ?? [] };
  }
  return null;
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

let nextId = 1;
const identifier = (prefix: string) => `${prefix}_${String(nextId++).padStart(20, '0')}`;

type Said = Exclude<Reply, { readonly status: number }>;

function blocksOf(reply: Said): readonly Record<string, unknown>[] {
  if ('text' in reply) return [{ type: 'text', text: reply.text }];
  const tool = { type: 'tool_use', id: identifier('toolu'), name: reply.tool, input: reply.input };
  return reply.say === undefined ? [tool] : [{ type: 'text', text: reply.say }, tool];
}

const usage = {
  input_tokens: 10,
  output_tokens: 5,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};
const messageOf = (content: readonly unknown[], stopReason: string | null) => ({
  id: identifier('msg'),
  type: 'message',
  role: 'assistant',
  model: 'claude-test',
  content,
  stop_reason: stopReason,
  stop_sequence: null,
  usage,
});
const stopReasonOf = (reply: Said) => ('text' in reply ? 'end_turn' : 'tool_use');
const wholeMessage = (reply: Said) => messageOf(blocksOf(reply), stopReasonOf(reply));

function sendStream(response: ServerResponse, reply: Said): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const send = (type: string, data: Readonly<Record<string, unknown>>) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send('message_start', { message: messageOf([], null) });
  blocksOf(reply).forEach((block, index) => {
    const start = block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} };
    const delta =
      block.type === 'text'
        ? { type: 'text_delta', text: block.text }
        : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
    send('content_block_start', { index, content_block: start });
    send('content_block_delta', { index, delta });
    send('content_block_stop', { index });
  });
  send('message_delta', {
    delta: { stop_reason: stopReasonOf(reply), stop_sequence: null },
    usage: { output_tokens: 5 },
  });
  send('message_stop', {});
  response.end();
}
