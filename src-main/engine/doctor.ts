/** What is found and what is missing, each in one sentence with the way out. */
import { describeFailure } from '../contract/failure-texts';
import type { StuckTrash } from '../contract/plans';
import type { DoctorCheck } from '../contract/requests';
import type { ToolState } from '../contract/snapshot';
import { bytesText } from '../domain/bytes-text';
import type { RepositoryLocation, Unwatched } from '../domain/facts';
import type { Doctor, Log, Notifier, RepositoryLock, SettingsStore, Terminals } from './ports';

export interface DoctorDeps {
  readonly git: () => Promise<ToolState>;
  readonly claude: () => Promise<ToolState>;
  readonly terminals: Pick<Terminals, 'capabilities'>;
  /** Null where nothing delivers notifications: every face but the desktop. */
  readonly notifier: Pick<Notifier, 'problem' | 'remedy'> | null;
  readonly platform?: 'darwin' | 'linux' | 'win32';
  readonly settings: Pick<SettingsStore, 'file' | 'setAside' | 'get'> & { readonly problem?: string | null };
  readonly lock: RepositoryLock;
  readonly repositories: () => readonly RepositoryLocation[];
  /** Repositories and worktrees that can't be worked with as they are, and why, in sentences. */
  readonly troubles: () => readonly { readonly path: string; readonly problem: string }[];
  /** Trash that could not be removed. */
  readonly stuckTrash: () => Promise<readonly StuckTrash[]>;
  readonly watching: () => Promise<{
    /** Directories that the system lets one person watch, and Orchard's part; null without a known limit. */
    readonly limit: { readonly system: number; readonly orchard: number } | null;
    readonly unwatched: readonly Unwatched[];
  }>;
  /** The environment that git and claude run in, and why it is not the login shell's. */
  readonly environment: { readonly from: 'own' | 'login-shell'; readonly problem: string | null };
  readonly log: Log & { readonly file?: string; readonly problem?: string | null };
}

type Finding = Omit<DoctorCheck, 'id' | 'title'>;
const fine = (message: string): Finding => ({ state: 'ok', message, next: null });

export function createDoctor(deps: DoctorDeps): Doctor {
  const checks: readonly {
    readonly id: string;
    readonly title: string;
    find(): Promise<Finding> | Finding;
  }[] = [
    { id: 'git', title: 'Git', find: async () => gitFinding(await deps.git()) },
    { id: 'claude', title: 'Claude Code', find: async () => claudeFinding(await deps.claude()) },
    { id: 'terminal', title: 'Terminal', find: () => terminalFinding(deps) },
    { id: 'notifications', title: 'Notifications', find: () => notificationFinding(deps) },
    { id: 'settings', title: 'Settings', find: () => settingsFinding(deps) },
    { id: 'watching', title: 'Watching', find: async () => watchingFinding(await deps.watching()) },
    { id: 'repositories', title: 'Repositories', find: () => repositoriesFinding(deps) },
    { id: 'locks', title: 'Locks', find: () => lockFinding(deps) },
    { id: 'trash', title: 'Trash', find: async () => trashFinding(await deps.stuckTrash()) },
    { id: 'environment', title: 'Environment', find: () => environmentFinding(deps) },
    { id: 'log', title: 'Log', find: () => logFinding(deps) },
  ];
  return {
    checks: () =>
      Promise.all(
        checks.map(async ({ id, title, find }): Promise<DoctorCheck> => {
          try {
            return { id, title, ...(await find()) };
          } catch (error) {
            // One check that breaks must not hide the others.
            const failure = { kind: 'internal', reference: deps.log.bug(`doctor.${id}`, error) } as const;
            const { message, next } = describeFailure(failure);
            return { id, title, state: 'broken', message, next };
          }
        }),
      ),
  };
}

function gitFinding(git: ToolState): Finding {
  if (git.state === 'ok') return fine(`${git.version} at ${git.path}`);
  const { message, next } = describeFailure({
    kind: 'no-git',
    found: git.state === 'too-old' ? git.version : null,
    needed: git.state === 'too-old' ? git.needed : '',
  });
  return { state: 'broken', message, next };
}

/** Worktrees can be watched, merged and cleaned up without it, so it is missing and not broken. */
function claudeFinding(claude: ToolState): Finding {
  if (claude.state === 'ok') return fine(`${claude.version} at ${claude.path}`);
  if (claude.state === 'too-old')
    return {
      state: 'warning',
      message: `This is Claude Code ${claude.version}; states of its sessions can be told from ${claude.needed} on.`,
      next: 'Update it with `claude update`.',
    };
  const { message, next } = describeFailure({ kind: 'no-claude' });
  return { state: 'absent', message, next };
}

async function terminalFinding({ terminals, settings }: DoctorDeps): Promise<Finding> {
  const all = await terminals.capabilities();
  const able = all.filter(({ installed, canOpenNew }) => installed && canOpenNew);
  const { preferred } = settings.get().terminal;
  const chosen = all.find(({ id }) => id === preferred);
  if (chosen !== undefined && !chosen.installed)
    return {
      state: 'warning',
      message: `${chosen.title} is chosen in the settings and is not here.`,
      next: 'Install it, or choose another terminal in Settings.',
    };
  if (able.length === 0)
    return {
      state: 'warning',
      message: 'No terminal that Orchard can open was found.',
      next: 'Install one (tmux works everywhere), or copy the commands that `orch open --print` shows.',
    };
  return fine(able.map(({ title }) => title).join(', '));
}

function notificationFinding({ notifier, platform }: DoctorDeps): Finding {
  if (notifier === null)
    return {
      state: 'absent',
      message: 'Only the desktop app sends notifications.',
      next:
        platform === 'darwin'
          ? 'Start a signed build of the app to be told when a session needs you: macOS shows no notifications of an unsigned one, as npm start runs it. `orch monitor --watch` says it here.'
          : 'Start the app to be told when a session needs you.',
    };
  if (notifier.problem === null) return fine('The system takes them.');
  return {
    state: 'warning',
    message: notifier.problem,
    next: notifier.remedy ?? 'Allow notifications for Orchard in the system’s settings.',
  };
}

function settingsFinding({ settings }: DoctorDeps): Finding {
  if (settings.problem != null)
    return { state: 'broken', message: `${settings.problem}.`, next: 'Mend the file or its permissions.' };
  if (settings.setAside !== null) {
    const { message, next } = describeFailure(settings.setAside);
    return { state: 'warning', message, next };
  }
  return fine(settings.file);
}

function watchingFinding({ limit, unwatched }: Awaited<ReturnType<DoctorDeps['watching']>>): Finding {
  const [first, ...more] = unwatched.filter(({ kind }) => kind === 'limit' || kind === 'budget');
  if (first !== undefined)
    return {
      state: 'warning',
      message: `${more.length === 0 ? '1 worktree is' : `${more.length + 1} worktrees are`} looked at now and then instead of being watched, because ${first.why}.`,
      next: 'Raise the limit (`sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512`, kept by a file in /etc/sysctl.d), or hide repositories that you do not need. Orchard tries again by itself.',
    };
  if (limit === null) return fine('The system sets no limit.');
  return fine(
    `Up to ${limit.orchard} directories of the ${limit.system} that the system lets all programs watch.`,
  );
}

/** Taking each lock for a moment is the proof that it can be taken; a dead owner's is cleared by it. */
/** What is wrong with a repository as a whole or with the directory of one of its worktrees. */
function repositoriesFinding({ troubles }: DoctorDeps): Finding {
  const found = troubles();
  const [first] = found;
  if (first === undefined) return fine('Nothing is wrong with any of them.');
  return {
    state: 'warning',
    message: found.map(({ path, problem }) => `${path}: ${problem}`).join(' '),
    next: 'Mend what is named there; until then Orchard does nothing in it.',
  };
}

async function lockFinding({ lock, repositories }: DoctorDeps): Promise<Finding> {
  const findings = await Promise.all(
    repositories().map(async (location): Promise<Finding | null> => {
      const taken = await lock.acquire(location, 'orch doctor', { waitMs: 0 });
      if (taken.ok) {
        await taken.value.release();
        return null;
      }
      const { message, next } = describeFailure(taken.error);
      return taken.error.kind === 'busy'
        ? { state: 'ok', message, next: null }
        : { state: 'warning', message: `${location.name}: ${message}`, next };
    }),
  );
  const held = findings.filter((finding) => finding !== null);
  const worst = held.find(({ state }) => state !== 'ok') ?? held[0];
  if (worst === undefined) return fine('No operation is under way.');
  return { ...worst, message: held.map(({ message }) => message).join(' ') };
}

/** Whoever owns it may have to help; all else goes on meanwhile. */
function trashFinding(stuck: readonly StuckTrash[]): Finding {
  const [first] = stuck;
  if (first === undefined) return fine('Nothing is left that could not be removed.');
  return {
    state: 'warning',
    message: stuck
      .map(
        ({ repository, path, reason, diskBytes }) =>
          `${repository}: ${path} can’t be removed: ${reason} (${bytesText(diskBytes)}).`,
      )
      .join(' '),
    next: 'It is tried again by itself. Unmount, close or take over what is named, or remove it by hand.',
  };
}

function environmentFinding({ environment }: DoctorDeps): Finding {
  if (environment.problem !== null)
    return {
      state: 'warning',
      message: `${environment.problem}; the environment that Orchard was started with is used instead.`,
      next: 'Tools that only the shell’s PATH knows may not be found; look at the shell’s start-up files.',
    };
  return fine(environment.from === 'login-shell' ? 'as the login shell has it' : 'as Orchard was started');
}

function logFinding({ log }: DoctorDeps): Finding {
  if (log.problem != null)
    return {
      state: 'warning',
      message: `It can’t be written: ${log.problem}`,
      next: 'Look at the disk and the permissions of its directory.',
    };
  return fine(log.file ?? 'written');
}
