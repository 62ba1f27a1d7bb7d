/** The commands of `orch` as commander knows them, and how each one's outcome becomes an exit code. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Failure } from '../../contract/failures';
import type { Preload } from '../../contract/plans';
import { fail } from '../../contract/result';
import type { CliHost, Context, GlobalOptions, Outcome } from './commands/context';

import { currentDirectoryProblem } from './current-directory';

/** 0 done, 1 refused or failed, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

interface Action {
  (context: Context): Promise<Outcome>;
  /** It answers by itself for a current directory that is in trash or gone. */
  readonly anywhere?: true;
}

/** Runs one command line (`arguments_` without node and script); resolves when everything is over. */
export async function runCli(arguments_: readonly string[], host: CliHost): Promise<ExitCode> {
  const { io } = host;
  // Known before commander has read anything, so that its own complaints keep stdout for JSON too.
  const json = jsonAsked(arguments_);
  let chosen: { readonly action: Action; readonly options: GlobalOptions } | null = null;
  const program = defineProgram(host.version, (action, options) => {
    chosen = { action, options };
  });
  let complaint = '';
  configure(program, {
    writeOut: (text) => (json ? io.err : io.out).write(text),
    writeErr: (text) => {
      complaint += text;
      io.err.write(text);
    },
  });
  try {
    await program.parseAsync([...arguments_], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (json) {
      const [problem = error.message] = complaint.replace(/^error: /, '').split(/\.?\n/);
      await printError(host, { kind: 'invalid-request', field: 'command line', problem }, true, false);
    }
    return 2;
  }
  // Set by the action that commander ran, which it can't follow.
  const command = chosen as { readonly action: Action; readonly options: GlobalOptions } | null;
  if (command === null) return 2;
  const context: Context = {
    ...host,
    options: command.options,
    interrupted: host.interrupted,
  };
  const nowhere =
    command.action.anywhere === true || command.options.repo !== undefined
      ? null
      : currentDirectoryProblem(host);
  const outcome = nowhere === null ? await command.action(context) : fail(nowhere);
  if (!outcome.ok) {
    await printError(host, outcome.error, command.options.json, true);
    return outcome.error.kind === 'ambiguous' || outcome.error.kind === 'invalid-request' ? 2 : 1;
  }
  const { text, json: document, exit } = outcome.value;
  if (command.options.json) {
    if (document !== null) io.out.write(`${JSON.stringify(document, null, 2)}\n`);
  } else if (text !== null) io.out.write(`${text}\n`);
  return exit ?? 0;
}

async function printError({ io }: CliHost, failure: Failure, json: boolean, words: boolean): Promise<void> {
  if (json) {
    const { errorJson } = await import('./json');
    io.out.write(`${JSON.stringify(errorJson(failure), null, 2)}\n`);
  }
  if (!words) return;
  const { failureWords } = await import('./failure-words');
  io.err.write(`${failureWords(failure, io.err.style)}\n`);
}

/** `--json` before a `--` that ends the options. */
const jsonAsked = (arguments_: readonly string[]): boolean => {
  const end = arguments_.indexOf('--');
  return (end < 0 ? arguments_ : arguments_.slice(0, end)).includes('--json');
};

function configure(
  command: Command,
  output: { writeOut(text: string): void; writeErr(text: string): void },
): void {
  command.exitOverride().configureOutput(output).showHelpAfterError('See --help.');
  for (const child of command.commands) configure(child, output);
}

const port = (value: string): number => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return number;
};

function defineProgram(version: string, choose: (action: Action, options: GlobalOptions) => void): Command {
  const program = new Command('orch')
    .description(
      'Claude Code sessions and git worktrees: spawn, monitor, merge and clean up without losing work.',
    )
    .version(version)
    .option('--json', 'one JSON document on stdout, everything else on stderr')
    .option('--repo <dir>', 'the repository (default: the one of the current directory)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 wrong usage.');

  const add = (parent: Command, usage: string, description: string): Command =>
    parent.command(usage).description(description).configureHelp({ showGlobalOptions: true });
  /** Options and arguments are commander's; what they mean is decided where the command lives. */
  const act = (command: Command, build: (options: Options, arguments_: readonly string[]) => Action) =>
    command.action(() => {
      const options = command.optsWithGlobals<Options & { json?: boolean; repo?: string }>();
      choose(build(options, command.args), { json: options.json === true, repo: options.repo });
    });
  type Options = Readonly<Record<string, string | boolean | number | undefined>>;
  const flag = (value: Options[string]): boolean => value === true;
  const words = (value: Options[string]): string | null => (typeof value === 'string' ? value : null);
  const given = (value: Options[string]): string | undefined =>
    typeof value === 'string' ? value : undefined;
  const all = new Option('--all', 'every known repository, also inside one');
  const approve = new Option(
    '--approve <fingerprint>',
    'approve the repository’s commands that were shown with this fingerprint; several by commas, or repeated',
  ).argParser((value: string, before: string | undefined) =>
    before === undefined ? value : `${before},${value}`,
  );
  const worktree =
    'a directory, a branch, a worktree’s name or the slug of its task (default: the current one)';

  act(
    add(program, 'status', 'one line for all repositories').addOption(all),
    (options) => async (context) =>
      (await import('./commands/look')).status(context, { all: flag(options.all) }),
  );
  act(
    add(program, 'monitor', 'the worktrees, their sessions, and what to do next')
      .option('--watch', 'stay, and follow what changes')
      .addOption(all),
    (options) => async (context) =>
      (await import('./commands/look')).monitor(context, {
        all: flag(options.all),
        watch: flag(options.watch),
      }),
  );

  const spawning = (command: Command) =>
    command
      .option('--base <ref>', 'branch from this instead of the default branch')
      .addOption(
        new Option('--preload <what>', 'what Claude runs first')
          .choices(['brain', 'gsd', 'gsd-quick', 'none'])
          .default('none'),
      )
      .option('--no-open', 'do not open a terminal; print what to run')
      .option('--print', 'only print the commands to run; make nothing')
      .option('--force', 'also beyond the number of worktrees that is easy to follow')
      .addOption(approve);
  const spawn =
    (quick: boolean) =>
    (options: Options, [task = '']: readonly string[]): Action =>
    async (context) =>
      (await import('./commands/spawn')).spawn(context, {
        task,
        name: words(options.name),
        base: words(options.base),
        preload: (words(options.preload) ?? 'none') as Preload,
        quick,
        open: options.open !== false,
        print: flag(options.print),
        force: flag(options.force),
        approve: given(options.approve),
      });
  act(
    spawning(
      add(program, 'spawn', 'a worktree and a session for a task')
        .argument('<task>', 'the one sentence that it exists for')
        .option('--name <name>', 'name it instead of deriving a name from the task'),
    ),
    spawn(false),
  );
  act(
    spawning(
      add(program, 'quick', 'the same under a timestamp, cleaned up after its merge').argument(
        '[task]',
        'what to do there',
      ),
    ),
    spawn(true),
  );
  act(
    add(program, 'pattern', 'several sessions at once: juggler, reviewer or splitter')
      .allowUnknownOption()
      .argument('<kind>', 'juggler, reviewer or splitter')
      .argument('[tasks...]', 'what each one is for'),
    () => async () => fail({ kind: 'not-available', what: '`orch pattern`' }),
  );

  const executing = (command: Command) =>
    command
      .argument('[worktree]', worktree)
      .option('--dry-run', 'show the plan and do nothing')
      .option('--plan <token>', 'do exactly what this dry run showed')
      .option('--yes', 'do not ask')
      .addOption(approve);
  const execution = (options: Options) => ({
    dryRun: flag(options.dryRun),
    yes: flag(options.yes),
    plan: words(options.plan),
    approve: given(options.approve),
  });
  act(
    executing(add(program, 'merge', 'land a worktree’s work on its base'))
      .addOption(
        new Option('--strategy <how>', 'how it lands')
          .choices(['merge', 'ff', 'squash', 'pr'])
          .default('merge'),
      )
      .addOption(
        new Option('--update <how>', 'how a base that moved is brought in')
          .choices(['rebase', 'merge'])
          .default('merge'),
      )
      .option('--base <branch>', 'another base than the worktree’s own')
      .option('--skip-validation', 'do not build, test or lint first')
      .option('--push', 'push the base afterwards'),
    (options, [name]) =>
      async (context) =>
        (await import('./commands/land')).merge(context, name ?? null, {
          ...execution(options),
          // Checked by commander against the choices above.
          strategy: words(options.strategy) as 'merge' | 'ff' | 'squash' | 'pr',
          update: words(options.update) as 'rebase' | 'merge',
          base: words(options.base),
          skipValidation: flag(options.skipValidation),
          push: flag(options.push),
        }),
  );
  act(
    executing(
      add(program, 'rebase', 'bring a worktree’s base in; tried first without touching the worktree'),
    ),
    (options, [name]) =>
      async (context) =>
        (await import('./commands/land')).rebase(context, name ?? null, execution(options)),
  );
  act(
    executing(add(program, 'cleanup', 'remove a worktree that is done; it can be undone for 7 days'))
      .option('--abandon <why>', 'it was not merged, and this is why; becomes a note')
      .option('--keep-branch', 'keep the branch')
      .option('--delete-remote', 'delete the branch on its remote too, if it is where it was seen'),
    (options, [name]) =>
      async (context) =>
        (await import('./commands/land')).cleanup(context, name ?? null, {
          ...execution(options),
          abandon: words(options.abandon),
          keepBranch: flag(options.keepBranch),
          deleteRemote: flag(options.deleteRemote),
        }),
  );
  act(
    add(program, 'undo', 'take back the last merge or cleanup, or the one named')
      .argument('[operation]', 'as `orch undo --list` names it')
      .option('--list', 'what can be taken back')
      .option('--restore-remote', 'put back the branch on its remote too, where the cleanup deleted it'),
    (options, [operation]) =>
      Object.assign(
        async (context: Context) =>
          (await import('./commands/undo')).undo(context, operation ?? null, {
            list: flag(options.list),
            restoreRemote: flag(options.restoreRemote),
          }),
        { anywhere: true } as const,
      ),
  );
  act(
    add(program, 'open', 'bring a worktree’s session to the front, or open a terminal there')
      .argument('[worktree]', worktree)
      .option('--print', 'only print the command'),
    (options, [name]) =>
      async (context) =>
        (await import('./commands/places')).open(context, name ?? null, { print: flag(options.print) }),
  );
  act(
    add(program, 'answer', 'answer a prompt that a session waits at')
      .allowUnknownOption()
      .argument('<worktree>', worktree)
      .argument('<answer>', 'allow, deny, or the choice'),
    () => async () => fail({ kind: 'not-available', what: '`orch answer`' }),
  );
  act(
    add(program, 'note', 'a worktree’s brain notes').argument('[worktree]', worktree),
    (_options, [name]) =>
      async (context) =>
        (await import('./commands/look')).note(context, name ?? null),
  );

  const repo = add(program, 'repo', 'which repositories are watched');
  act(
    add(repo, 'add', 'watch a repository').argument('[dir]', 'a directory in it (default: the current one)'),
    (_options, [directory]) =>
      async (context) =>
        (await import('./commands/places')).addRepository(context, directory ?? context.options.repo ?? '.'),
  );
  act(
    add(repo, 'remove', 'stop watching a repository; nothing on disk is touched').argument(
      '[dir]',
      'a directory in it, or its name (default: the current one)',
    ),
    (_options, [directory]) =>
      async (context) =>
        (await import('./commands/places')).removeRepository(
          context,
          directory ?? context.options.repo ?? '.',
        ),
  );
  act(
    add(repo, 'list', 'the repositories that are known'),
    () => async (context) => (await import('./commands/places')).listRepositories(context),
  );
  act(
    add(program, 'serve', 'the popover as a page on this machine; prints its address').option(
      '--port <n>',
      'listen here instead of on a free port',
      port,
      0,
    ),
    (options) => async (context) =>
      (await import('./commands/places')).serve(context, {
        port: typeof options.port === 'number' ? options.port : 0,
      }),
  );
  act(
    add(program, 'doctor', 'what is found and what is missing').addOption(
      // For whoever works on Orchard, or asks why it is slow here.
      new Option('--performance', 'watch for ten seconds and tell what it cost').hideHelp(),
    ),
    (options) => async (context) =>
      flag(options.performance)
        ? (await import('./commands/performance')).performanceReport(context)
        : (await import('./commands/look')).doctor(context),
  );
  return program;
}
