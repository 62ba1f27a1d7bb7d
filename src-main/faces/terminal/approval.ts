/** What `--approve` names, and how a refusal says it: each text by itself, or all of them at once. */
import { createHash } from 'node:crypto';
import type { Failure, RepositoryCommand } from '../../contract/failures';

/** Names exactly these texts: `--approve` with it is a yes to them and to nothing else. */
export const fingerprint = (commands: readonly { readonly text: string }[]): string =>
  createHash('sha256')
    .update(JSON.stringify(commands.map(({ text }) => text)))
    .digest('hex')
    .slice(0, 12);

/** @param given what `--approve` said, several separated by commas */
export function coversAll(given: string | undefined, commands: readonly RepositoryCommand[]): boolean {
  if (given === undefined) return false;
  const marks = new Set(given.split(',').map((mark) => mark.trim()));
  return marks.has(fingerprint(commands)) || commands.every((command) => marks.has(fingerprint([command])));
}

export interface ApprovalJson {
  /** What `--approve` takes for this text. */
  readonly fingerprint: string;
  readonly text: string;
  readonly why: string;
}

const why: { readonly [P in RepositoryCommand['purpose']]: string } = {
  setup: 'It runs in the new worktree, before its session starts.',
  validate: 'It runs in the worktree, before it lands.',
  teardown: 'It runs in the worktree, before it is removed.',
  hook: 'Git runs it by itself; it lies in the working tree, so a pull can change it.',
};

export const approvalJson = (commands: readonly RepositoryCommand[]): readonly ApprovalJson[] =>
  commands.map((command) => ({
    fingerprint: fingerprint([command]),
    text: command.text,
    why: why[command.purpose],
  }));

/** Empty unless it is for want of an approval that it was refused. */
export const approvalOf = (refusal: Failure | null): readonly ApprovalJson[] =>
  refusal?.kind === 'approval-needed' ? approvalJson(refusal.commands) : [];
