import { createHash } from 'node:crypto';
import type { FailureOf, FileFailure, RepositoryCommand } from '../../contract/failures';
import type { RepositoryId } from '../../contract/ids';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { SettingsStore } from '../ports';

/**
 * Which commands of which repository a person has read and approved: by the sha256 of the exact text,
 * so that any change asks again, and per repository, so that one never speaks for another.
 */
export interface Approvals {
  isApproved(repository: RepositoryId, command: RepositoryCommand): boolean;
  /** Remembers a yes. */
  approve(
    repository: RepositoryId,
    commands: readonly RepositoryCommand[],
  ): Promise<Result<void, FileFailure>>;
}

/** A repository's oldest approvals make room for new ones: hooks change often. */
const MOST_PER_REPOSITORY = 200;

export function createApprovals({ settings }: { readonly settings: SettingsStore }): Approvals {
  const known = (repository: RepositoryId) => settings.get().approvals[repository] ?? [];
  return {
    isApproved: (repository, { text }) => known(repository).includes(fingerprint(text)),
    async approve(repository, commands) {
      const fresh = [...new Set(commands.map(({ text }) => fingerprint(text)))].filter(
        (hash) => !known(repository).includes(hash),
      );
      if (fresh.length === 0) return ok(undefined);
      const changed = await settings.update((current) => {
        const before = current.approvals[repository] ?? [];
        const all = [...before.filter((hash) => !fresh.includes(hash)), ...fresh];
        return {
          ...current,
          approvals: { ...current.approvals, [repository]: all.slice(-MOST_PER_REPOSITORY) },
        };
      });
      return changed.ok ? ok(undefined) : changed;
    },
  };
}

/** Those that nobody has said yes to, each text once. */
export function unapprovedOf(
  approvals: Pick<Approvals, 'isApproved'>,
  repository: RepositoryId,
  commands: readonly RepositoryCommand[],
): readonly RepositoryCommand[] {
  const open = commands.filter((command) => !approvals.isApproved(repository, command));
  return [...new Map(open.map(({ purpose, text }) => [text, { purpose, text }])).values()];
}

/** Asked right before something runs: what changed since it was approved stops there, and asks. */
export function stillApproved(
  approvals: Pick<Approvals, 'isApproved'>,
  repository: RepositoryId,
  commands: readonly RepositoryCommand[],
): Result<void, FailureOf<'approval-needed'>> {
  const open = unapprovedOf(approvals, repository, commands);
  return open.length === 0 ? ok(undefined) : fail({ kind: 'approval-needed', commands: open });
}

/** What a plan keeps of the commands that it asked about: enough to know each of them again. */
export const askedAbout = (commands: readonly RepositoryCommand[]): readonly string[] =>
  commands.map(({ text }) => fingerprint(text));

/** A yes covers what the plan showed and nothing that came to be since. */
export const coveredBy = (asked: readonly string[], commands: readonly RepositoryCommand[]): boolean =>
  commands.every(({ text }) => asked.includes(fingerprint(text)));

const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex');
