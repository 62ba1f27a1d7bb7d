/** One table, all faces: what a failure is called, one plain sentence, and the next step. */

import type { Failure, FailureKind, FailureOf } from './failures';
import { sessionWord } from './session-words';

export interface FailureText {
  readonly title: string;
  readonly message: string;
  readonly next: string;
  /** Git's or the system's own words, for behind "Details". */
  readonly details: string | null;
}

const short = (sha: string) => sha.slice(0, 9);
const list = (items: readonly string[], most = 5) =>
  items.length <= most
    ? items.join(', ')
    : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
const text = (title: string, message: string, next: string, details: string | null = null): FailureText => ({
  title,
  message,
  next,
  details,
});

const table: { readonly [K in FailureKind]: (failure: FailureOf<K>) => FailureText } = {
  'invalid-request': (f) => text('Not understood', `${f.field}: ${f.problem}.`, 'Correct it and try again.'),
  forbidden: (f) =>
    text(
      'Not allowed',
      `${f.problem}.`,
      'Open Orchard again from its tray icon, or with a fresh link from `orch serve`.',
    ),
  'not-found': (f) =>
    text('Not found', `There is no ${f.what} “${f.name}”.`, 'Run `orch monitor` to see what there is.'),
  ambiguous: (f) =>
    text('Which one?', `“${f.name}” could be ${list(f.candidates)}.`, 'Name one of them in full.'),
  'not-a-repository': (f) =>
    text(
      'No repository there',
      `${f.path} is not inside a git repository.`,
      'Choose a folder that has one, or run `git init` in it.',
    ),
  'no-git': (f) =>
    text(
      f.found === null ? 'Git is missing' : 'Git is too old',
      f.found === null
        ? 'Orchard could not find git.'
        : `This is git ${f.found}; Orchard needs ${f.needed} or newer.`,
      'Install it from https://git-scm.com/downloads, then open Orchard again.',
    ),
  'no-claude': () =>
    text(
      'Claude Code is missing',
      'Orchard could not find the `claude` command.',
      'Install Claude Code, or add its folder to the PATH of your login shell.',
    ),
  'git-failed': (f) =>
    text(
      'Git refused',
      `\`git ${f.command}\` ended with ${f.exitCode === null ? 'no answer' : `exit code ${f.exitCode}`}.`,
      'See the details; nothing was left half done.',
      f.details,
    ),
  'timed-out': (f) =>
    text(
      'Took too long',
      `${f.what} did not answer within ${f.seconds} seconds.`,
      'Check the network or the disk, then try again.',
    ),
  busy: (f) =>
    text('Busy', `${f.owner} is working on ${f.repository}.`, 'Wait until it is done, then try again.'),
  cancelled: () => text('Cancelled', 'It was cancelled and taken back.', 'Nothing more to do.'),
  'plan-outdated': (f) =>
    text(
      'Things moved',
      `${f.changed} since the plan was made.`,
      'Look at a fresh plan and confirm that one.',
    ),
  'needs-confirmation': (f) =>
    text('Needs a yes', `${f.what} was not confirmed.`, 'Confirm it, or pass `--yes`.'),
  'desktop-only': (f) =>
    text(
      'Only in the desktop app',
      `${f.what} needs the desktop app.`,
      'Open Orchard from its tray icon, or use the `orch` command.',
    ),
  'port-taken': (f) =>
    text(
      'Port not free',
      `Orchard can’t listen on port ${f.port}.`,
      'Choose another with `--port`, or leave it out to get a free one.',
      f.details,
    ),
  'not-available': (f) =>
    text('Not available yet', `${f.what} is not available yet.`, 'See the README for what works today.'),
  internal: (f) =>
    text(
      'Something broke in Orchard',
      `This is a bug; the log has it under ${f.reference}.`,
      'Try again; if it stays, report it with that reference.',
    ),
  'engine-ended': () =>
    text(
      'Interrupted',
      'The process that does Orchard’s work ended before it answered.',
      'It starts again by itself and finishes or takes back what it was doing. Wait a moment, look, then try again.',
    ),
  'no-space': (f) =>
    text(
      'Disk full',
      `There is no room left to write ${f.path}.`,
      'Free some disk, then try again; nothing was left behind.',
    ),
  'read-only': (f) =>
    text(
      'Not writable',
      `${f.path} can’t be written to.`,
      'Choose another place in Settings, or change its permissions.',
    ),
  'file-failed': (f) =>
    text(
      'A file could not be handled',
      `${f.path} could not be read or written.`,
      'See the details, then try again.',
      f.details,
    ),
  'empty-task': () =>
    text(
      'No task',
      'A worktree needs a task, in one sentence.',
      'Say what the session should do, or use `orch quick`.',
    ),
  'invalid-name': (f) => text('That name won’t do', `“${f.name}” ${f.problem}.`, 'Choose another name.'),
  'branch-exists': (f) =>
    text(
      'Branch exists',
      `There is a branch ${f.existing} already.`,
      'Choose another name, or clean up that branch first.',
    ),
  'directory-exists': (f) =>
    text(
      'Directory exists',
      `There is something at ${f.path} already.`,
      'Choose another name, or move it away first.',
    ),
  'too-many-worktrees': (f) =>
    text(
      'Many worktrees',
      `There are ${f.count} worktrees beside the main one; beyond ${f.limit}, switching costs more than it gains.`,
      'Merge or clean up one first, or go on with `--force`.',
    ),
  'no-commits': (f) =>
    text(
      'No commits yet',
      `${f.repository} has no commit to branch from.`,
      'Make a first commit, then try again.',
    ),
  'base-not-found': (f) =>
    text(
      'No such base',
      `“${f.base}” is no branch or commit of this repository.`,
      'Name an existing branch with `--base`.',
    ),
  'base-diverged': (f) =>
    text(
      'The base has diverged',
      `${f.base} is at ${short(f.local)} here and at ${short(f.upstream)} on its remote, and neither contains the other.`,
      `Bring ${f.base} together first (git pull or git push), or choose one of the two commits as base.`,
    ),
  'approval-needed': (f) =>
    text(
      'Needs your approval',
      `This repository wants to run ${f.commands.length === 1 ? 'a command' : `${f.commands.length} commands`}: ${list(
        f.commands.map((c) => `“${c.text}”`),
        3,
      )}`,
      'Read it, and approve it if you trust it; it is asked again when it changes.',
    ),
  'setup-failed': (f) =>
    text(
      'Setup failed',
      `“${f.command}” ended with ${f.exitCode === null ? 'a time-out or a signal' : `exit code ${f.exitCode}`}; the worktree was taken back.`,
      'See its output, mend the command, and spawn again.',
      f.output,
    ),
  'invalid-orchard-json': (f) =>
    text('.orchard.json can’t be read', `${f.problem}.`, `Mend ${f.path}, then try again.`),
  'no-terminal': (f) =>
    text(
      'No terminal found',
      `Orchard tried ${list(f.tried)} and none is here.`,
      'Choose a terminal in Settings, or copy the command and run it yourself.',
    ),
  'terminal-failed': (f) =>
    text(
      'The terminal did not open',
      `${f.terminal} refused.`,
      'Copy the command and run it yourself, or choose another terminal in Settings.',
      f.details,
    ),
  'terminal-unreachable': (f) =>
    text(
      'Go there yourself',
      `The session is running in ${f.terminal} (${f.where}), which can’t be brought to the front from here.`,
      'Switch to that window by hand; Settings says which terminals can be reached.',
      f.reason,
    ),
  'worktree-missing': (f) =>
    text(
      'Directory is away',
      `${f.path} is not there now.`,
      'Mount its disk, or clean up the worktree if it is gone for good.',
    ),
  'not-this-worktree': (f) =>
    text(
      'Not this worktree',
      `${f.path} can’t be proved to be this worktree. ${f.there}`,
      'Look at what is there and put it right; Orchard does nothing in it before that.',
    ),
  dirty: (f) =>
    text(
      'Not all committed',
      `${f.path} has what is in no commit and would be lost or in the way: ${list(f.files)}.`,
      'Commit it; what git ignores, rename or move out of the way. Then plan again.',
    ),
  'operation-under-way': (f) =>
    text(
      'Git is in the middle of something',
      `A ${f.operation} is under way in ${f.path}.`,
      `Finish or abort the ${f.operation} there first.`,
    ),
  'session-busy': (f) =>
    text(
      'A session is at work there',
      `The session in ${f.path}: ${sessionWord(f.state)}.`,
      'Let its turn end (or press Esc in it), then try again.',
    ),
  conflict: (f) =>
    text(
      'Conflict',
      `These files conflict with the base: ${list(f.files)}. The worktree is as it was.`,
      'Open its terminal and have the conflict resolved there, then plan again.',
    ),
  'base-moved': (f) =>
    text(
      'The base moved',
      `${f.base} was at ${short(f.expected)} and is at ${short(f.actual)} now.`,
      'Look at a fresh plan and confirm that one.',
    ),
  'base-dirty': (f) =>
    text(
      'The base is not clean',
      `${f.path}, where the base is checked out, has changes, or files where the merge would write: ${list(f.files)}.`,
      'Commit or stash them there; what git ignores, rename or move out of the way. Then plan again.',
    ),
  'nothing-to-merge': (f) =>
    text(
      'Nothing to merge',
      `${f.branch} has nothing that is not in ${f.base} already.`,
      'Clean it up, or commit some work first.',
    ),
  'not-fast-forward': (f) =>
    text(
      'Can’t fast-forward',
      `${f.base} has commits that ${f.branch} does not have.`,
      'Use `--update rebase`, or another strategy.',
    ),
  'validation-failed': (f) =>
    text(
      'Validation failed',
      `“${f.command}” ended with ${f.exitCode === null ? 'a time-out or a signal' : `exit code ${f.exitCode}`}; nothing was merged.${
        f.setup === undefined ? '' : ' It looks as if its dependencies were never installed there.'
      }`,
      f.setup === undefined
        ? 'Mend it in the worktree and plan again, or skip validation by name.'
        : `Run \`${f.setup.command}\` in ${f.setup.path}, then plan again; \`setup\` in .orchard.json does so in every new worktree.`,
    ),
  'validation-changed-files': (f) =>
    text(
      'Validation changed files',
      `Validation changed tracked files: ${list(f.files)}; nothing was merged.`,
      'Commit or undo those changes, then plan again.',
    ),
  'no-identity': (f) =>
    text(
      'Git does not know who you are',
      'A commit needs a name and an address.',
      'Tell git once: `git config --global user.name "…"` and `git config --global user.email "…"`, then plan again.',
      f.details,
    ),
  'signing-failed': (f) =>
    text(
      'Signing failed',
      'The commit could not be signed; no branch moved.',
      'Unlock your signing key (gpg or ssh), then try again.',
      f.details,
    ),
  'push-refused': (f) =>
    text(
      'Push refused',
      `${f.remote} did not take the push.`,
      'See its words below, then try again.',
      f.details,
    ),
  'hook-refused': (f) =>
    text(
      'A hook refused',
      `The hook ${f.hook} stopped it.`,
      'See its words below, then try again.',
      f.details,
    ),
  'is-main-worktree': (f) =>
    text(
      'That is the main worktree',
      `${f.path} is the repository’s main worktree.`,
      'Choose one of the others.',
    ),
  'is-base': (f) =>
    text(
      'That is the base',
      `${f.path} is on ${f.branch}, which the others merge into.`,
      'Choose one of the others; Orchard never removes a base.',
    ),
  detached: (f) =>
    text('Not on a branch', `${f.path} is on no branch.`, 'Make a branch there first: git switch -c <name>.'),
  locked: (f) =>
    text(
      'Locked',
      `${f.path} is locked${f.reason ? `: ${f.reason}` : ''}.`,
      'Unlock it with `git worktree unlock` if you are sure, then plan again.',
    ),
  'not-merged': (f) =>
    text(
      'Not merged',
      `${f.branch} has commits that are in no base.`,
      'Merge it first, or abandon it with a reason (`--abandon "why"`).',
    ),
  'unsaved-work': (f) =>
    text(
      'Unsaved work',
      `${f.path} has work that is committed nowhere: ${list(f.files)}.`,
      'Commit it, or abandon it with a reason (`--abandon "why"`).',
    ),
  'session-live': (f) =>
    text(
      'A session is running there',
      `Process ${f.pid} is a live session in ${f.path}.`,
      'End it in its terminal (`/exit`), then plan again.',
    ),
  'nested-worktrees': (f) =>
    text(
      'Another worktree is inside it',
      `${f.path} contains ${list(f.nested)}, which would go with it.`,
      'Clean up or move the inner worktree first (git worktree move), then plan again.',
    ),
  'directory-gone': (f) =>
    text(
      'The current directory is gone',
      `${f.path === '' ? 'The directory' : f.path}, in which this was started, is no longer there.`,
      'Go to one that is there (`cd ~`), or name a repository with `--repo`. `orch undo --list` shows what a cleanup can bring back.',
    ),
  'directory-in-trash': (f) =>
    text(
      'The current directory was cleaned up',
      `It is in trash now: ${f.path}.`,
      `\`orch undo ${f.operation}\` (from here as well) puts it back; else go elsewhere (\`cd ~\`).`,
    ),
  'submodule-work': (f) =>
    text(
      'Only in a submodule',
      f.stopped === 'push'
        ? `The branch records commits that are on no remote of their submodule: ${list(f.submodules)}.`
        : `Submodules of ${f.path} have work that is nowhere else: ${list(f.submodules)}.`,
      `Push it from there (\`git -C <submodule> push\`; \`git -C <submodule> fetch\` if it was pushed from elsewhere)${
        f.stopped === 'push' ? ', then plan again.' : ', or abandon it with a reason (`--abandon "why"`).'
      }`,
    ),
  'nothing-to-undo': () =>
    text(
      'Nothing to undo',
      'No merge or cleanup of the last 7 days is left to undo.',
      'See `orch undo --list`.',
    ),
  'undo-blocked': (f) => text('Can’t be undone as it is', `${f.reason}.`, f.wayOut),
  'settings-read-only': (f) =>
    text(
      'Read-only here',
      `${f.field} can’t be changed from here.`,
      'Change it in the desktop app, where a dialog shows the exact text.',
    ),
  'settings-set-aside': (f) =>
    text(
      'Settings were set aside',
      `The settings file ${f.problem}; it was kept as ${f.path}.`,
      'Default settings are in use; compare the two files and bring back what you need.',
    ),
};

/** Words for a failure. Never throws; every kind has an entry or this file does not compile. */
export function describeFailure(failure: Failure): FailureText {
  const describe = table[failure.kind] as (f: Failure) => FailureText;
  return describe(failure);
}
