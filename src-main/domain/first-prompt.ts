import type { Preload } from '../contract/plans';

const PRELOADS: { readonly [P in Preload]: string | null } = {
  brain: '/brain:load',
  gsd: '/gsd:discuss',
  'gsd-quick': '/gsd:quick',
  none: null,
};

/** Claude Code reads these as an option, a slash command, a shell command and a memory. */
const SPECIAL_START = /^[-/!#]/;

/** What Claude is told first; null when there is nothing to say. */
export function firstPrompt(task: string | null, preload: Preload): string | null {
  const said = plain(task ?? '');
  const command = PRELOADS[preload];
  const first = command === null ? null : `First run ${command}.`;
  if (said === '') return first;
  const asked = SPECIAL_START.test(said) ? `Task: ${said}` : said;
  return first === null ? asked : `${first} Then: ${asked}`;
}

/** Without what no argument can carry (NUL) and what a terminal would act on (escape and its kin). */
const plain = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .trim();

/** The program and its arguments; the prompt is the last one and never starts with a dash. */
export function claudeCommand(branch: string, sessionId: string, prompt: string | null): readonly string[] {
  const command = ['claude', '-n', branch, '--session-id', sessionId];
  return prompt === null ? command : [...command, prompt];
}
