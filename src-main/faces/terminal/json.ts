/**
 * What `--json` prints. The shapes are an interface that scripts and the plugin rely on: fields are
 * only ever added, times are ISO 8601 in UTC.
 */
import { describeFailure } from '../../contract/failure-texts';
import type { Failure } from '../../contract/failures';
import type { CleanupPlan, MergeDone, MergePlan } from '../../contract/plans';
import type { Collision, SessionView, Snapshot, WorktreeView } from '../../contract/snapshot';
import { approvalOf } from './approval';

const sessionJson = (session: SessionView) => ({
  pid: session.pid,
  sessionId: session.sessionId,
  state: session.state,
  since: session.since,
  evidence: session.evidence,
  reason: session.reason,
  lastMessage: session.lastMessage,
  attention: session.attention,
  name: session.name,
  terminal: session.terminal,
});

const collisionJson = ({ with: other, files, certainty, kinds }: Collision) => ({
  with: other,
  files,
  certainty,
  kinds,
});

export const worktreeJson = (worktree: WorktreeView) => ({
  id: worktree.id,
  name: worktree.name,
  path: worktree.path,
  branch: worktree.branch,
  isMain: worktree.isMain,
  base: worktree.base,
  head: worktree.head,
  missing: worktree.missing,
  lastCommit: worktree.lastCommit,
  ahead: worktree.ahead,
  behind: worktree.behind,
  changes: worktree.changes,
  activity: worktree.activity,
  attention: worktree.attention,
  task: worktree.task,
  note: worktree.note,
  locked: worktree.locked,
  merged: worktree.merged,
  collisions: worktree.collisions.map(collisionJson),
  sessions: worktree.sessions.map(sessionJson),
  lockReason: worktree.lockReason,
  ongoing: worktree.ongoing,
  quick: worktree.quick,
  stale: worktree.stale,
  diskBytes: worktree.diskBytes,
  problem: worktree.problem,
});

export const monitorJson = (snapshot: Snapshot) => ({
  revision: snapshot.revision,
  takenAt: snapshot.takenAt,
  line: snapshot.line,
  repositories: snapshot.repositories.map((repository) => ({
    name: repository.name,
    root: repository.root,
    base: repository.base,
    worktrees: repository.worktrees.map(worktreeJson),
    id: repository.id,
  })),
  suggestions: snapshot.suggestions,
  problems: snapshot.problems,
  counts: snapshot.counts,
  elsewhere: snapshot.elsewhere.map((session) => ({ ...sessionJson(session), directory: session.directory })),
  complete: snapshot.complete,
});

export const statusJson = ({ line, counts }: Snapshot) => ({ line, ...counts });

/** What a refused or failed command prints: the failure's own fields, with the words every face uses. */
export function errorJson(failure: Failure) {
  const { title, message, next, details } = describeFailure(failure);
  const approval = approvalOf(failure);
  const asked = approval.length === 0 ? {} : { approval };
  return {
    error: { ...failure, title, message, next, ...asked, ...(details === null ? {} : { details }) },
    ...asked,
  };
}

const refusalJson = (refusal: Failure | null) => (refusal === null ? null : errorJson(refusal).error);

export const mergePlanJson = (plan: MergePlan) => ({
  plan: {
    token: plan.token,
    steps: plan.steps.map(({ text }) => text),
    losses: plan.losses,
    conflicts: plan.conflicts,
    collisions: plan.collisions.map(collisionJson),
    refusal: refusalJson(plan.refusal),
    approval: approvalOf(plan.refusal),
    worktree: plan.worktreeId,
    branch: plan.branch,
    base: plan.base,
    strategy: plan.strategy,
    update: plan.update,
    validation: plan.validation.map(({ command, approved }) => ({ ...command, approved })),
    hooks: (plan.hooks ?? []).map(({ command, approved }) => ({ ...command, approved })),
    files: plan.files ?? [],
    carryOver: plan.carryOver,
    warnings: plan.warnings,
  },
});

export const cleanupPlanJson = (plan: CleanupPlan) => ({
  plan: {
    token: plan.token,
    steps: plan.steps.map(({ text }) => text),
    losses: plan.losses,
    conflicts: [],
    collisions: [],
    refusal: refusalJson(plan.refusal),
    approval: approvalOf(plan.refusal),
    worktree: plan.worktreeId,
    path: plan.path,
    branch: plan.branch,
    merged: plan.merged,
    mergedHow: plan.mergedHow,
    notKept: plan.notKept,
    warnings: plan.warnings,
  },
});

export const mergeDoneJson = (done: MergeDone) => ({
  operation: done.operation,
  landed: done.landed,
  removed: done.removed,
  pullRequest: done.pullRequest,
  rebaseNow: done.rebaseNow,
  warnings: done.warnings ?? [],
});
