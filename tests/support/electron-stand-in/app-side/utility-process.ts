import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { pathToFileURL } from 'node:url';
import type { ForkOptions } from 'electron';
import { theApp as app } from './app';

export class UtilityProcess extends EventEmitter {
  readonly #child: ChildProcess;
  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    child.on('spawn', () => this.emit('spawn'));
    child.on('message', (message) => this.emit('message', message));
    child.on('exit', (code) => this.emit('exit', code ?? 1));
  }
  get pid(): number | undefined {
    return this.#child.exitCode === null ? this.#child.pid : undefined;
  }
  postMessage(message: unknown): void {
    this.#child.send(structuredClone(message) as object);
  }
  kill(): boolean {
    return this.#child.kill('SIGTERM');
  }
}

const children = new Set<ChildProcess>();
app.killChildren = () => {
  for (const child of children) child.kill('SIGKILL');
};

const parentPort = process.env.ORCHARD_PARENT_PORT ?? '';
delete process.env.ORCHARD_PARENT_PORT;
/** Main's descriptors; Chromium closes all but one of them in a utility process, as parent-port.mjs does. */
const inherited = process.env.ORCHARD_INHERITED;
delete process.env.ORCHARD_INHERITED;

export const utilityProcess = {
  fork(modulePath: string, args: string[] = [], options: ForkOptions = {}): UtilityProcess {
    if (!app.isReady()) throw new Error('utilityProcess cannot be created before app is ready.');
    const child = fork(modulePath, args, {
      execArgv: ['--import', pathToFileURL(parentPort).href],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        ...(options.env ?? process.env),
        ...(inherited === undefined ? {} : { ORCHARD_INHERITED: inherited }),
      },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    children.add(child);
    child.on('exit', () => children.delete(child));
    return new UtilityProcess(child);
  },
};
