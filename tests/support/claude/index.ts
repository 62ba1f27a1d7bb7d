/**
 * Real Claude Code sessions for tests, offline: the real client, a local Messages API that answers what
 * the test wrote down, a tmux server of the test's own, a temporary HOME.
 *
 * ```ts
 * let claude: ClaudeWorld | null = null;
 * beforeAll(async () => { claude = await createClaudeWorld(); });      // null when something is missing
 * afterAll(() => claude?.dispose());
 *
 * test('a session asks for permission', async (ctx) => {
 *   if (claude === null) return ctx.skip((await missingForSessions()) ?? '');
 *   const repository = await claude.sandbox.repository('shop');
 *   claude.api.script('run the tests', [bash('npm test'), say('All green.')]);
 *   const session = await claude.start({ directory: repository, prompt: 'run the tests' });
 *   await poll(() => session.registry(), (file) => file?.status === 'waiting');
 *   await session.answer('Enter');                                      // "Yes"
 * });
 * ```
 *
 * - `claude.env` is the environment of everything in there: give it to the code under test, so that it
 *   reads this HOME's registry (`claude.configDirectory`) and no other. `PATH` begins with a folder that
 *   has the client as `claude`.
 * - The repository that a session is started in is made trusted first; `start({ trusted: false })` meets
 *   the trust dialog instead, and `trust(directory)` does it for sessions that something else starts.
 * - Sessions run in permission mode `default`, so that tools ask; other arguments: `start({ args })`.
 * - Hold a turn open with `createGate()` and `say('…', { after: gate.opened })`, never with a delay.
 * - `dispose()` ends every session, the tmux server and the API, and removes the directory.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { isRunning } from '../is-running';
import { cameAbout, poll } from '../poll';
import { createSandbox, type Sandbox } from '../repositories';
import { installedClient, missingForSessions } from './client';
import { createMessagesApi, type MessagesApi } from './messages-api';
import { createTmux, type Tmux } from './tmux';

export { installedClient, missingForSessions } from './client';
export * from './messages-api';
export { createTmux, type Tmux } from './tmux';

/** The registry file of a session, as the client wrote it. */
export type RegistryFile = Readonly<Record<string, unknown>> & {
  readonly sessionId?: string;
  readonly status?: string;
  readonly waitingFor?: string;
};

export interface ClaudeSession {
  readonly pane: string;
  readonly pid: number;
  /** Types a prompt and sends it. */
  prompt(text: string): Promise<void>;
  type(text: string): Promise<void>;
  press(...keys: string[]): Promise<void>;
  screen(): Promise<string>;
  /** Waits until the screen shows this text. */
  shows(text: string): Promise<void>;
  /**
   * Answers the dialog that the session waits with: `Enter` takes the first choice, `Escape` refuses.
   * The client ignores keys for a moment after a dialog came up, so the key is pressed again until the
   * registry no longer says `waiting`.
   */
  answer(key: 'Enter' | 'Escape'): Promise<void>;
  registry(): Promise<RegistryFile | null>;
  /** Waits until the client shows its input line and has registered itself. */
  ready(): Promise<void>;
  /** Leaves as a person does, with `/exit`, and waits for the process to end. */
  exit(): Promise<void>;
  /** `kill -9`. */
  kill(): void;
}

export interface StartOptions {
  readonly directory: string;
  /** The first prompt, given on the command line; without it the session starts idle. */
  readonly prompt?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another tmux server than the world's own. */
  readonly tmux?: Tmux;
  /** False: does not wait for the registration, which comes after the trust dialog. */
  readonly trusted?: boolean;
}

export interface ClaudeWorld {
  readonly sandbox: Sandbox;
  readonly env: NodeJS.ProcessEnv;
  readonly configDirectory: string;
  readonly api: MessagesApi;
  readonly tmux: Tmux;
  /** Puts the trust dialog behind for a directory's repository (its worktrees inherit it). */
  trust(directory: string): Promise<void>;
  /** Starts a session in tmux; resolves when it has registered (not so with `trusted: false`). */
  start(options: StartOptions): Promise<ClaudeSession>;
  dispose(): Promise<void>;
}

const API_KEY = 'sk-ant-api03-orchard-tests-0123456789abcdefghij';

/** Null when `missingForSessions()` names something. */
export async function createClaudeWorld(): Promise<ClaudeWorld | null> {
  if ((await missingForSessions()) !== null) return null;
  const client = await installedClient();
  if (client === null) return null;

  const root = await realpath(await mkdtemp(join(tmpdir(), 'orchard-claude-')));
  const sandbox = await createSandbox(root);
  const api = await createMessagesApi();
  const bin = join(root, 'bin');
  await mkdir(bin);
  await symlink(client, join(bin, 'claude'));
  // Built from nothing: a test may itself run inside a Claude Code session, whose variables must not leak in.
  const env: NodeJS.ProcessEnv = {
    ...sandbox.env,
    PATH: `${bin}${delimiter}${sandbox.env.PATH ?? ''}`,
    ANTHROPIC_BASE_URL: api.url,
    ANTHROPIC_API_KEY: API_KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  };
  const configuration = join(sandbox.home, '.claude.json');
  await writeFile(
    configuration,
    JSON.stringify({
      hasCompletedOnboarding: true,
      theme: 'dark',
      customApiKeyResponses: { approved: [API_KEY.slice(-20)], rejected: [] },
      projects: {},
    }),
  );
  const configDirectory = join(sandbox.home, '.claude');
  const tmux = createTmux(root, env);
  const pids = new Set<number>();
  let count = 0;

  let trusting: Promise<void> = Promise.resolve();
  const trustNow = async (directory: string) => {
    const common = await sandbox
      .git(directory, 'rev-parse', '--path-format=absolute', '--git-common-dir')
      .catch(() => null);
    const project = common === null ? await realpath(directory) : common.replace(/\/\.git$/, '');
    const content = JSON.parse(await readFile(configuration, 'utf8')) as { projects: Record<string, object> };
    if (content.projects[project] !== undefined) return;
    content.projects[project] = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
    // By rename: a client that starts at this moment reads the old file or the new one, never half of it.
    await writeFile(`${configuration}.new`, JSON.stringify(content));
    await rename(`${configuration}.new`, configuration);
  };
  /** One after the other: each reads the whole file and writes it. */
  const trust = (directory: string): Promise<void> => {
    trusting = trusting.catch(() => undefined).then(() => trustNow(directory));
    return trusting;
  };

  return {
    sandbox,
    env,
    configDirectory,
    api,
    tmux,
    trust,
    async start({ directory, prompt, args = [], env: more = {}, tmux: server = tmux, trusted = true }) {
      if (trusted) await trust(directory);
      const command = ['claude', '--permission-mode', 'default', ...args];
      if (prompt !== undefined) command.push('--', prompt);
      const pane = await server.start(`s${++count}`, directory, command, more);
      const pid = await server.panePid(pane);
      pids.add(pid);
      const session = createSession(server, pane, pid, configDirectory);
      if (trusted) await session.ready();
      return session;
    },
    async dispose() {
      for (const pid of pids) endProcess(pid);
      await endWhatIsLeft(root);
      await tmux.stop();
      await api.close();
      // A client that is ending may still write a last file into its HOME.
      await poll(
        () => [...pids].filter(isRunning),
        (left) => left.length === 0,
        { what: 'the end of all sessions' },
      );
      await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

function createSession(tmux: Tmux, pane: string, pid: number, configDirectory: string): ClaudeSession {
  const file = join(configDirectory, 'sessions', `${pid}.json`);
  const registry = async (): Promise<RegistryFile | null> => {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as RegistryFile;
    } catch {
      return null; // Not there yet, or being written.
    }
  };
  const session: ClaudeSession = {
    pane,
    pid,
    registry,
    type: (text) => tmux.type(pane, text),
    press: (...keys) => tmux.press(pane, ...keys),
    async prompt(text) {
      await tmux.type(pane, text);
      // Enter in the same burst of bytes would be taken as a pasted line break.
      await session.shows(text.slice(0, 40));
      await tmux.press(pane, 'Enter');
    },
    screen: () => tmux.screen(pane),
    async shows(text) {
      const limits = { limitMs: 20_000, what: `“${text}” on the screen` };
      await poll(session.screen, (screen) => screen.includes(text), limits);
    },
    async answer(key) {
      await poll(registry, (file) => file?.status === 'waiting', { limitMs: 20_000, what: 'a dialog' });
      await poll(
        async () => {
          await tmux.press(pane, key);
          await cameAbout(registry, (file) => file?.status !== 'waiting', { withinMs: 500 });
          return registry();
        },
        (file) => file?.status !== 'waiting',
        { limitMs: 20_000, what: `an answered dialog` },
      );
    },
    async ready() {
      const look = async () => {
        const file = await registry();
        if (file === null) await acceptTrustDialog(tmux, pane);
        return file;
      };
      const limits = { limitMs: 30_000, everyMs: 50, what: 'the registration of a session' };
      await poll(look, (value) => value?.status !== undefined, limits).catch(async (error: unknown) => {
        throw new Error(`${String(error)}\n${await tmux.screen(pane).catch(String)}`);
      });
    },
    async exit() {
      await tmux.type(pane, '/exit');
      await session.shows('/exit');
      await poll(
        async () => {
          // The list of commands that comes up may take the first one.
          await tmux.press(pane, 'Enter').catch(() => undefined);
          await cameAbout(
            () => isRunning(pid),
            (running) => !running,
            { withinMs: 2_000 },
          );
          return isRunning(pid);
        },
        (running) => !running,
        { limitMs: 20_000, what: 'the end of a session' },
      );
    },
    kill: () => endProcess(pid),
  };
  return session;
}

/**
 * A client that rewrites its configuration at the wrong moment forgets the directory that was just
 * trusted, and asks. The first choice is "No, exit", so Enter only once "Yes" is marked.
 */
async function acceptTrustDialog(tmux: Tmux, pane: string): Promise<void> {
  const look = () => tmux.screen(pane).catch(() => '');
  const isMarked = (screen: string) => /❯ Yes, I trust/.test(screen);
  if (!(await look()).includes('Yes, I trust this folder')) return;
  const limits = { limitMs: 10_000, what: 'an answered trust dialog' };
  await poll(
    async () => {
      // Keys are ignored for a moment after the dialog came up, and the list goes round: one Down at a time.
      if (!isMarked(await look())) await tmux.press(pane, 'Down');
      await cameAbout(look, isMarked, { withinMs: 1_500 });
      let steady = 0;
      const count = (screen: string) => {
        steady = isMarked(screen) ? steady + 1 : 0;
        return steady >= 5;
      };
      await cameAbout(look, count, { withinMs: 1_500, everyMs: 40 });
      return steady;
    },
    (steady) => steady >= 5,
    limits,
  );
  await tmux.press(pane, 'Enter');
  await poll(look, (screen) => !screen.includes('Yes, I trust'), limits);
}

/** Background shells outlive a killed session; their command lines name this world's own directory. */
async function endWhatIsLeft(root: string): Promise<void> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,command=']);
  for (const line of stdout.split('\n')) {
    const [, pid, command] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    // The tmux server names it too, and is asked politely.
    if (pid === undefined || command?.includes(`${root}/home/`) !== true) continue;
    try {
      // A shell of Claude Code's leads a group of its own.
      process.kill(-Number(pid), 'SIGKILL');
    } catch {
      endProcess(Number(pid));
    }
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
