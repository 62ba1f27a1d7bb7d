import { describe, expect, test } from 'vitest';
import { findLimitReset } from '../../../src-main/claude/limit-reset';
import { summariseTool } from '../../../src-main/claude/tool-summary';
import { createTailFold } from '../../../src-main/claude/transcript-tail';

const at = (second: number) => new Date(Date.UTC(2026, 0, 5, 9, 0, second)).toISOString();
const ms = (second: number) => Date.parse(at(second));
const prompt = (second: number, content: unknown, more: object = {}) => ({
  parentUuid: null,
  isSidechain: false,
  type: 'user',
  message: { role: 'user', content },
  timestamp: at(second),
  cwd: '/repo',
  ...more,
});
const said = (second: number, content: unknown[], stop: string | null, more: object = {}) => ({
  isSidechain: false,
  type: 'assistant',
  message: { role: 'assistant', content, stop_reason: stop },
  timestamp: at(second),
  ...more,
});
const text = (words: string) => ({ type: 'text', text: words });
const tool = (id: string, name: string, input: object) => ({ type: 'tool_use', id, name, input });
const result = (id: string) => [{ type: 'tool_result', tool_use_id: id, content: 'x' }];

function read(...lines: readonly (object | string)[]) {
  const fold = createTailFold();
  for (const line of lines) fold.add(typeof line === 'string' ? line : JSON.stringify(line));
  return fold.tail();
}

describe('a turn', () => {
  test('is open from its prompt to its last word', () => {
    const begun = [prompt(1, 'build it')];
    expect(read(...begun)).toMatchObject({ turnOpen: true, turnStartedAt: ms(1), turnEndedAt: null });
    const asking = [
      ...begun,
      said(2, [text('Let me see.'), tool('t1', 'Bash', { command: 'npm test' })], 'tool_use'),
    ];
    expect(read(...asking)).toMatchObject({
      turnOpen: true,
      pendingTool: { name: 'Bash', summary: 'Bash: npm test' },
      lastMessage: 'Let me see.',
    });
    const answered = [...asking, prompt(3, result('t1'))];
    expect(read(...answered)).toMatchObject({ turnOpen: true, pendingTool: null, turnStartedAt: ms(1) });
    expect(read(...answered, said(4, [text('All green.')], 'end_turn'))).toMatchObject({
      turnOpen: false,
      turnEndedAt: ms(4),
      lastMessage: 'All green.',
      lastAt: ms(4),
      error: null,
      interrupted: false,
    });
  });
  test('of a client without stop reasons is closed by its duration', () => {
    const open = [prompt(1, 'go'), said(2, [text('Done.')], null)];
    expect(read(...open).turnOpen).toBe(true);
    expect(read(...open, { type: 'system', subtype: 'turn_duration', timestamp: at(3) })).toMatchObject({
      turnOpen: false,
      turnEndedAt: ms(3),
    });
  });
  test('that Esc broke off is interrupted, until the next prompt', () => {
    const broken = [
      prompt(1, 'go'),
      said(2, [tool('t1', 'Bash', { command: 'ls' })], 'tool_use'),
      prompt(3, [text('[Request interrupted by user for tool use]')]),
    ];
    expect(read(...broken)).toMatchObject({ interrupted: true, turnOpen: false, pendingTool: null });
    expect(read(...broken, prompt(4, 'go on'))).toMatchObject({ interrupted: false, turnOpen: true });
  });
  test('goes on when a hook sent Claude back to work', () => {
    expect(
      read(
        prompt(1, 'go'),
        said(2, [text('Done.')], 'end_turn'),
        prompt(3, 'Stop hook feedback: tests fail', { isMeta: true }),
        said(4, [tool('t1', 'Edit', { file_path: 'a.ts' })], 'tool_use'),
      ),
    ).toMatchObject({ turnOpen: true, turnStartedAt: ms(1), pendingTool: { summary: 'Edit: a.ts' } });
  });
  test('is begun by a slash command only when Claude answers it', () => {
    const command = prompt(
      5,
      '<command-name>/clear</command-name>\n<command-message>clear</command-message>',
    );
    const printed = prompt(6, '<local-command-stdout></local-command-stdout>');
    expect(read(command, printed)).toMatchObject({ turnOpen: false, turnStartedAt: null, lastMessage: null });
    expect(read(command, said(7, [text('Reviewed.')], 'end_turn'))).toMatchObject({
      turnStartedAt: ms(5),
      turnEndedAt: ms(7),
    });
  });
  test('is nobody else’s: subagents, caveats, summaries and bookkeeping say nothing', () => {
    const tail = read(
      said(1, [text('A subagent speaks.')], 'end_turn', { isSidechain: true }),
      prompt(2, '<local-command-caveat>…</local-command-caveat>', { isMeta: true }),
      prompt(3, 'This session is being continued…', { isCompactSummary: true }),
      { type: 'last-prompt', lastPrompt: 'x' },
      'not json {',
      '"a string"',
      '',
    );
    expect(tail).toMatchObject({ lastMessage: null, turnStartedAt: null, turnOpen: false, lastAt: ms(3) });
  });
});

describe('an API error', () => {
  const failed = (message: string, more: object) =>
    read(prompt(1, 'go'), said(2, [text(message)], 'stop_sequence', { isApiErrorMessage: true, ...more }));
  test('ends the turn, tells a rate limit from the rest and is no message of Claude’s', () => {
    const limited = failed('API Error: Request rejected (429) · Too much.', {
      error: 'rate_limit',
      apiErrorStatus: 429,
    });
    expect(limited).toMatchObject({
      turnOpen: false,
      turnEndedAt: ms(2),
      lastMessage: null,
      error: { kind: 'rate-limit', message: 'Request rejected (429) · Too much.', resetsAt: null },
    });
    expect(failed('API Error: 500 Internal server error', { error: 'server_error' }).error?.kind).toBe(
      'other',
    );
  });
  test('is over with the next prompt', () => {
    expect(
      read(said(1, [text('API Error: x')], 'stop_sequence', { isApiErrorMessage: true }), prompt(2, 'again'))
        .error,
    ).toBeNull();
  });
  test('says when the limit ends', () => {
    expect(failed('You’ve hit your limit · resets 3pm (UTC)', { error: 'rate_limit' }).error?.resetsAt).toBe(
      Date.UTC(2026, 0, 5, 15),
    );
    const old = failed('Claude AI usage limit reached|1767632400', {}).error;
    expect(old).toEqual({
      kind: 'rate-limit',
      message: 'Claude AI usage limit reached',
      resetsAt: 1767632400_000,
    });
  });
});

test('of several open tools a question comes first, an agent last', () => {
  const agent = tool('a', 'Agent', { description: 'look around' });
  const bash = tool('b', 'Bash', { command: 'rm x' });
  const question = tool('c', 'AskUserQuestion', {
    questions: [{ question: 'Which?' }, { question: 'Why?' }],
  });
  expect(read(said(1, [agent, bash], 'tool_use')).pendingTool?.summary).toBe('Bash: rm x');
  expect(read(said(1, [agent, bash, question], 'tool_use')).pendingTool?.summary).toBe('Which? Why?');
  expect(read(said(1, [agent], 'tool_use')).pendingTool?.summary).toBe('Agent: look around');
});

test('a tool is summed up in one line of bounded length, whatever it was given', () => {
  expect(summariseTool('Bash', { description: 'x', command: 'a\n  b' })).toBe('Bash: a b');
  expect(summariseTool('mcp__github__create_issue', { title: 'Bug' })).toBe('github create_issue: Bug');
  expect(summariseTool('ExitPlanMode', { plan: 'long' })).toBe('its plan');
  expect(summariseTool('Mystery', { count: 3 })).toBe('Mystery');
  expect(summariseTool('Bash', null)).toBe('Bash');
  expect(summariseTool('AskUserQuestion', { questions: 'none' })).toBe('a question');
  const long = summariseTool('Bash', { command: '🌱'.repeat(500) });
  expect([...long]).toHaveLength(200);
  expect(long).not.toMatch(/\p{Surrogate}/u);
});

test('a message that is pages long keeps its beginning and its end', () => {
  const long = `First. ${'x'.repeat(50_000)} 🔔 DONE`;
  const { lastMessage } = read(said(1, [text(long)], 'end_turn'));
  expect(lastMessage?.startsWith('First. ')).toBe(true);
  expect(lastMessage?.endsWith('🔔 DONE')).toBe(true);
  expect(lastMessage?.length).toBeLessThan(4_100);
});

test('the end of a limit is found in every way it is said', () => {
  const said9 = Date.UTC(2026, 0, 5, 9, 0);
  const cases: readonly [string, number | null][] = [
    ['5-hour limit reached ∙ resets 3pm (UTC)', Date.UTC(2026, 0, 5, 15)],
    ['resets at 3:30 PM (UTC)', Date.UTC(2026, 0, 5, 15, 30)],
    ['resets 8am (UTC)', Date.UTC(2026, 0, 6, 8)],
    ['resets 12am (UTC)', Date.UTC(2026, 0, 6, 0)],
    ['resets 3pm (Europe/Berlin)', Date.UTC(2026, 0, 5, 14)],
    ['resets 3pm (America/New_York)', Date.UTC(2026, 0, 5, 20)],
    ['resets Jan 9 at 3pm (UTC)', Date.UTC(2026, 0, 9, 15)],
    ['resets Jan 9, 3pm (UTC)', Date.UTC(2026, 0, 9, 15)],
    ['This request would exceed your rate limit.', null],
    ['resets soon', null],
  ];
  for (const [words, expected] of cases) expect(findLimitReset(words, said9), words).toBe(expected);
  // Said in December, about January; and over the change to summer time.
  expect(findLimitReset('resets Jan 2, 1am (UTC)', Date.UTC(2026, 11, 30))).toBe(Date.UTC(2027, 0, 2, 1));
  expect(findLimitReset('resets 9am (Europe/Berlin)', Date.UTC(2026, 2, 28, 20))).toBe(
    Date.UTC(2026, 2, 29, 7),
  );
});
