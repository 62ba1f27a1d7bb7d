/** What every command of `orch` is given, and the parts that several of them share. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { decode, dispatch } from '../../../contract/boundary';
import type { Failure, FailureOf, RepositoryCommand } from '../../../contract/failures';
import type { Answer, Input, RequestName } from '../../../contract/requests';
import { fail, ok, type Result } from '../../../contract/result';
import type { Snapshot, WorktreeView } from '../../../contract/snapshot';
import type { Orchard, OrchardOptions, Person } from '../../../engine/orchard';
import { coversAll, fingerprint } from '../approval';
import { failureWords, indent } from '../failure-words';
import { showProgress } from '../operation-progress';
import type { TerminalIo } from '../terminal-io';
import { clean } from '../text';
import { resolveWorktree } from '../worktree-name';

export { fingerprint };

/** What `cli.ts` knows of the machine and hands to the commands. */
export interface CliHost {
  readonly io: TerminalIo;
  readonly cwd: string;
  /** `cwd` is only what the shell remembers: nothing is there any more. */
  readonly cwdGone: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: OrchardOptions['platform'];
  readonly version: string;
  now(): number;
  /** The real path of what is there, or null. */
  realPath(path: string): Promise<string | null>;
  exists(path: string): Promise<boolean>;
  /** Aborts at the first Ctrl+C or request to end. */
  readonly interrupted: AbortSignal;
  openOrchard(options: Pick<OrchardOptions, 'repositories' | 'watch' | 'person'>): Promise<Orchard>;
  /** The popover on a loopback page. */
  serve(
    orchard: Orchard,
    port: number,
  ): Promise<Result<{ readonly url: string; readonly port: number; close(): Promise<void> }, Failure>>;
}

export interface GlobalOptions {
  readonly json: boolean;
  readonly repo: string | undefined;
}

/** A command's good end. `text` goes to stdout without `--json`, `json` with it; null prints nothing. */
export interface Done {
  readonly text: string | null;
  readonly json: unknown;
  /** 1 for a report that found something broken. */
  readonly exit?: 1;
}
export type Outcome = Result<Done, Failure>;

export interface Context extends CliHost {
  readonly options: GlobalOptions;
}

/** A person's answer on the command line stands for the native dialog: they typed the exact text. */
export const personWhoTyped = (directory: string): Person => ({
  chooseDirectory: async () => directory,
  confirm: async () => true,
});

/** Decodes like every other face does, then asks the engine. */
export async function request<N extends RequestName>(
  orchard: Orchard,
  name: N,
  input: Input<N>,
): Promise<Answer<N> | { readonly ok: false; readonly error: FailureOf<'invalid-request'> }> {
  const decoded = decode(name, input);
  if (!decoded.ok) return decoded;
  return dispatch(orchard.handlers, { name, input } as Parameters<typeof dispatch<N>>[1]);
}

/** Where to look: `--repo`, else the repository around the current directory, else everywhere known. */
export async function scopeOf(
  context: Context,
  worktree: string | null = null,
): Promise<Result<OrchardOptions['repositories'], FailureOf<'not-a-repository'>>> {
  const { options, cwd } = context;
  if (options.repo !== undefined) {
    const directory = resolve(cwd, options.repo);
    return (await isInRepository(directory, context))
      ? ok([directory])
      : fail({ kind: 'not-a-repository', path: directory });
  }
  if (worktree !== null && (isAbsolute(worktree) || /^\.\.?([/\\]|$)/.test(worktree))) {
    const directory = resolve(cwd, worktree);
    if (await isInRepository(directory, context)) return ok([directory]);
  }
  return ok((await isInRepository(cwd, context)) ? [cwd] : 'all');
}

/**
 * Whether some directory at or above this one looks like a repository; git itself has the last word.
 * Only looks, so that asking costs no process.
 */
async function isInRepository(directory: string, { exists }: CliHost): Promise<boolean> {
  for (let here = directory; ; here = dirname(here)) {
    if (await exists(join(here, '.git'))) return true;
    if ((await exists(join(here, 'HEAD'))) && (await exists(join(here, 'objects')))) return true;
    if (dirname(here) === here) return false;
  }
}

const cancelled: FailureOf<'cancelled'> = { kind: 'cancelled' };

/** Gives up waiting (not the work itself) at Ctrl+C. */
export async function unlessInterrupted<T, E>(
  { interrupted }: CliHost,
  work: Promise<Result<T, E>>,
): Promise<Result<T, E | FailureOf<'cancelled'>>> {
  if (interrupted.aborted) return fail(cancelled);
  let stop = () => {};
  const stopped = new Promise<Result<T, E | FailureOf<'cancelled'>>>((done) => {
    stop = () => done(fail(cancelled));
    interrupted.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    interrupted.removeEventListener('abort', stop);
  }
}

/** For a promise that has no expected failure of its own. */
export const answered = <T>(work: Promise<T>): Promise<Result<T, never>> =>
  work.then((value): Result<T, never> => ok(value));

/** Opens the engine, waits for its first whole snapshot, and closes it whatever happens. */
export async function withOrchard(
  context: Context,
  options: {
    readonly repositories: OrchardOptions['repositories'];
    readonly watch?: boolean;
    readonly person?: Person;
    /** False lets a command run without git: it is about something else, or shows the problem itself. */
    readonly needsGit?: boolean;
  },
  run: (orchard: Orchard, snapshot: Snapshot) => Promise<Outcome>,
): Promise<Outcome> {
  const { repositories, watch = false, person = null, needsGit = true } = options;
  const orchard = await context.openOrchard({ repositories, watch, person });
  try {
    const started = await unlessInterrupted(context, answered(orchard.start()));
    if (!started.ok) return started;
    const { setAside } = orchard.settings;
    const { err } = context.io;
    // What only looks shows it among the snapshot's problems.
    if (needsGit && setAside !== null) err.write(`${failureWords(setAside, err.style)}\n\n`);
    const { git } = started.value.tools;
    if (needsGit && git.state !== 'ok')
      return fail({
        kind: 'no-git',
        found: git.state === 'too-old' ? git.version : null,
        needed: git.state === 'too-old' ? git.needed : '2.39',
      });
    return await run(orchard, started.value);
  } finally {
    await orchard.dispose();
  }
}

/** The same with the worktree that a person named. */
export async function withWorktree(
  context: Context,
  name: string | null,
  run: (orchard: Orchard, worktree: WorktreeView, snapshot: Snapshot) => Promise<Outcome>,
): Promise<Outcome> {
  const scope = await scopeOf(context, name);
  if (!scope.ok) return scope;
  return withOrchard(context, { repositories: scope.value }, async (orchard, snapshot) => {
    const found = await resolveWorktree(name, snapshot, context);
    return found.ok ? run(orchard, found.value, snapshot) : found;
  });
}

/** Runs an operation with its steps on stderr; Ctrl+C asks it to stop and waits until it has. */
export async function operate<T, E>(
  context: Context,
  orchard: Orchard,
  run: () => Promise<Result<T, E>>,
): Promise<Result<T, E | FailureOf<'cancelled'>>> {
  const { io, interrupted } = context;
  if (interrupted.aborted) return fail(cancelled);
  const progress = showProgress(io.err, context.now);
  let asked = false;
  const cancel = () => {
    const operation = progress.operation();
    if (operation === null || asked) return;
    asked = true;
    io.err.write('\nCancelling…\n');
    request(orchard, 'operation.cancel', { operation }).catch((error: unknown) =>
      orchard.log.bug('cli.cancel', error),
    );
  };
  const stopListening = orchard.onOperation((event) => {
    progress.onEvent(event);
    // Ctrl+C may come before the operation has said its name.
    if (interrupted.aborted) cancel();
  });
  interrupted.addEventListener('abort', cancel);
  try {
    return await run();
  } finally {
    interrupted.removeEventListener('abort', cancel);
    stopListening();
    progress.end();
  }
}

/**
 * A repository's commands run only after a person read and approved exactly that text: at the terminal,
 * or by naming its fingerprint.
 */
export async function approve(
  { io }: Context,
  commands: readonly RepositoryCommand[],
  given: string | undefined,
): Promise<Result<true, FailureOf<'approval-needed'>>> {
  const mark = fingerprint(commands);
  if (coversAll(given, commands)) return ok(true);
  const { err } = io;
  if (io.ask !== null) {
    err.write(`${err.style.bold('This repository wants to run:')}\n`);
    for (const { purpose, text } of commands) err.write(`\n  ${purpose}\n${indent(text, '    ')}\n`);
    err.write('\n');
    if (await io.ask('Run exactly this?')) return ok(true);
  } else err.write(`Having read it, approve exactly this text with --approve ${mark}\n`);
  return fail({ kind: 'approval-needed', commands });
}

/** A yes: given beforehand, or asked for; without anybody to ask it is a no. */
export async function confirmed(
  { io }: Context,
  yes: boolean,
  question: string,
  what: string,
): Promise<Result<true, FailureOf<'needs-confirmation' | 'cancelled'>>> {
  if (yes) return ok(true);
  if (io.ask === null) return fail({ kind: 'needs-confirmation', what });
  return (await io.ask(question)) ? ok(true) : fail(cancelled);
}

/** The newest words about a worktree that was just made. */
export async function viewOf(orchard: Orchard, id: string): Promise<WorktreeView | null> {
  const find = (snapshot: Snapshot) =>
    snapshot.repositories.flatMap(({ worktrees }) => worktrees).find((worktree) => worktree.id === id) ??
    null;
  const known = find(orchard.snapshot());
  if (known !== null && !known.stale) return known;
  const refreshed = await request(orchard, 'snapshot.refresh', {});
  return refreshed.ok ? find(refreshed.value) : known;
}

export const warn = ({ io }: CliHost, warnings: readonly string[]): void => {
  for (const warning of warnings) io.err.write(`${io.err.style.yellow('Note:')} ${clean(warning)}\n`);
};
