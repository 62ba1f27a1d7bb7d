import type { FailureOf } from '../../contract/failures';
import type { GitOutcome } from './git-command';
import { gitFailure } from './git-command';

export type RefFailure = FailureOf<
  'git-failed' | 'timed-out' | 'cancelled' | 'hook-refused' | 'plan-outdated'
>;

/** Why a ref did not move: a hook said no, somebody was faster, or something else. */
export function refFailure(args: readonly string[], outcome: GitOutcome, moved: string): RefFailure {
  if (outcome.code === null) return gitFailure(args, outcome);
  const details = outcome.stderr.trim().slice(-4_000);
  // refs.c: "ref updates aborted by hook" is what a failing reference-transaction hook ends in.
  if (/aborted by hook/.test(details))
    return { kind: 'hook-refused', hook: 'reference-transaction', details };
  if (/but expected|cannot lock ref|reference already exists|unable to resolve reference/.test(details))
    return { kind: 'plan-outdated', changed: moved };
  return gitFailure(args, outcome);
}
