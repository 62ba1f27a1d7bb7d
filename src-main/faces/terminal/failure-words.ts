import { describeFailure } from '../../contract/failure-texts';
import type { Failure } from '../../contract/failures';
import type { Style } from './style';
import { clean, cleanBlock } from './text';

/** Title and sentence, the next step, and git's own words if there are any. */
export function failureWords(failure: Failure, style: Style): string {
  const { title, message, next, details } = describeFailure(failure);
  const lines = [`${style.red(style.bold(`${clean(title)}:`))} ${clean(message)}`, clean(next)];
  if (failure.kind === 'approval-needed')
    for (const { purpose, text } of failure.commands) lines.push('', style.bold(`${purpose}:`), indent(text));
  if (details !== null && details.trim() !== '')
    lines.push('', style.dim('Details:'), style.dim(indent(details.trimEnd())));
  return lines.join('\n');
}

export const indent = (text: string, by = '  '): string =>
  cleanBlock(text)
    .split('\n')
    .map((line) => by + line)
    .join('\n');
