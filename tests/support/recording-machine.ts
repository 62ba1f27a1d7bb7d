/** A machine that starts nothing: it writes down what would run and answers as told. */
import type { Environment, Machine, Platform, Run } from '../../src-main/terminal/machine';
import type { ProcessInfo, ProcessInspector } from '../../src-main/terminal/processes';

export interface RecordingMachine extends Machine {
  /** Program and arguments, in order. */
  readonly calls: readonly (readonly string[])[];
  /** The environment of each `run`, where it was given one. */
  readonly environments: readonly (Environment | undefined)[];
}

export function createRecordingMachine(options: {
  readonly platform: Platform;
  readonly env?: Environment;
  /** Programs on the PATH; all when not given. */
  readonly programs?: readonly string[];
  readonly files?: readonly string[];
  /** Answers a `run` by its command line; null is "exit 1". */
  readonly answer?: (line: string) => string | null;
  readonly processes?: readonly (ProcessInfo & {
    readonly parent?: number;
    readonly env?: Readonly<Record<string, string>>;
    readonly tty?: string;
  })[];
  readonly onStart?: (call: readonly string[]) => void | Promise<void>;
}): RecordingMachine {
  const { platform, env = {}, programs, files, answer = () => '', processes = [] } = options;
  const calls: (readonly string[])[] = [];
  const environments: (Environment | undefined)[] = [];
  const byPid = (pid: number) => processes.find((one) => one.pid === pid);
  const inspector: ProcessInspector = {
    async ancestors(pid) {
      const found: ProcessInfo[] = [];
      for (let one = byPid(pid); one !== undefined; one = byPid(one.parent ?? 0)) found.push(one);
      return found;
    },
    environment: async (pid) => byPid(pid)?.env ?? null,
    tty: async (pid) => byPid(pid)?.tty ?? null,
  };
  return {
    platform,
    env,
    homeDirectory: platform === 'win32' ? 'C:\\Users\\me' : '/home/me',
    processes: inspector,
    calls,
    environments,
    find: async (program) => (programs === undefined || programs.includes(program) ? program : null),
    exists: async (path) => files === undefined || files.includes(path),
    async run(program, args, given): Promise<Run> {
      calls.push([program, ...args]);
      environments.push(given?.env);
      await options.onStart?.([program, ...args]);
      const said = answer([program, ...args].join(' '));
      return said === null
        ? { exitCode: 1, stdout: '', stderr: 'refused' }
        : { exitCode: 0, stdout: said, stderr: '' };
    },
    async start(program, args) {
      calls.push([program, ...args]);
      environments.push(undefined);
      await options.onStart?.([program, ...args]);
      return { ok: true, failure: new Promise<string>(() => undefined) };
    },
  };
}
