/** What a tool is about to do, in one line: `Bash: npm test`. Of a question, the question itself. */

const LONGEST = 200;
/** The argument that says the most, per tool: https://code.claude.com/docs/en/tools-reference */
const TELLING: Readonly<Record<string, string>> = {
  Bash: 'command',
  PowerShell: 'command',
  Read: 'file_path',
  Edit: 'file_path',
  MultiEdit: 'file_path',
  Write: 'file_path',
  NotebookEdit: 'notebook_path',
  Glob: 'pattern',
  Grep: 'pattern',
  WebFetch: 'url',
  WebSearch: 'query',
  Agent: 'description',
  Task: 'description',
  Skill: 'skill',
};

export function summariseTool(name: string, input: unknown): string {
  const known = isRecord(input) ? input : {};
  if (name === 'AskUserQuestion') return questions(known) ?? 'a question';
  if (name === 'ExitPlanMode') return 'its plan';
  const telling =
    known[TELLING[name] ?? ''] ?? Object.values(known).find((value) => typeof value === 'string');
  // mcp__server__tool
  const shown = name.startsWith('mcp__') ? name.slice(5).replace('__', ' ') : name;
  return typeof telling === 'string' && telling.trim() !== '' ? clip(`${shown}: ${telling}`) : shown;
}

function questions(input: Readonly<Record<string, unknown>>): string | null {
  const list = Array.isArray(input.questions) ? input.questions : [];
  const asked = list.flatMap((question: unknown) =>
    isRecord(question) && typeof question.question === 'string' ? [question.question] : [],
  );
  return asked.length === 0 ? null : clip(asked.join(' '));
}

/** One line, without splitting a character. */
function clip(text: string): string {
  const characters = [...text.replaceAll(/\s+/g, ' ').trim()];
  return characters.length <= LONGEST ? characters.join('') : `${characters.slice(0, LONGEST - 1).join('')}…`;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
