import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CommandLine } from 'electron';
import { followSignals } from './signals';
import { strict } from './strict';
import { traits } from './traits';
import { answer, describeState, publish } from './wire';

const READY_AFTER_MS = 20;

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

function createCommandLine() {
  const switches = new Map<string, string>();
  return strict('commandLine', {
    appendSwitch: (name: string, value = '') => void switches.set(name, value),
    getSwitchValue: (name: string) => switches.get(name) ?? '',
  }) satisfies Pick<CommandLine, 'appendSwitch' | 'getSwitchValue'>;
}

export class App extends EventEmitter {
  get isPackaged(): boolean {
    return traits().packaged;
  }
  readonly name = 'Orchard';
  /** Read back by the app itself only: there is no Chromium that would take the switches. */
  readonly commandLine = createCommandLine();
  #paths = new Map<string, string>([
    ['home', homedir()],
    ['appData', process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config')],
  ]);
  #ready = false;
  #whenReady: Promise<void>;
  #holdsLock = false;
  #leaving = false;
  /** Filled by the windows' part of the stand-in. */
  closeWindows: () => void = () => {};
  killChildren: () => void = () => {};

  constructor() {
    super();
    this.#whenReady = new Promise((resolve) => {
      setTimeout(() => {
        if (this.#leaving) return;
        this.#ready = true;
        resolve();
        this.emit('ready', {});
        publish();
      }, READY_AFTER_MS);
    });
    describeState(() => ({ ready: this.#ready, packaged: this.isPackaged }));
    answer('quit', () => {
      this.quit();
      return null;
    });
    followSignals({ isReady: () => this.#ready, quit: () => this.quit() });
    // The test is gone: nothing may stay behind.
    process.on('disconnect', () => this.exit(0));
  }

  isReady(): boolean {
    return this.#ready;
  }
  whenReady(): Promise<void> {
    return this.#whenReady;
  }
  getVersion(): string {
    return '0.0.0-stand-in';
  }
  getPath(name: string): string {
    const path =
      this.#paths.get(name) ?? (name === 'userData' ? join(this.getPath('appData'), this.name) : null);
    if (path === null) throw new Error(`The Electron stand-in knows no path “${name}”`);
    return path;
  }
  setPath(name: string, path: string): void {
    this.#paths.set(name, path);
  }

  /** A file in the user-data directory; a second process leaves its message beside it. */
  requestSingleInstanceLock(additionalData: Record<string, unknown> = {}): boolean {
    const directory = join(this.getPath('userData'), 'stand-in-lock');
    mkdirSync(directory, { recursive: true });
    const lock = join(directory, 'owner');
    if (existsSync(lock)) {
      const owner = Number(readFileSync(lock, 'utf8'));
      if (alive(owner)) {
        const message = {
          argv: process.argv,
          directory: process.cwd(),
          data: structuredClone(additionalData),
        };
        writeFileSync(join(directory, `second-${process.pid}.json`), JSON.stringify(message));
        return false;
      }
    }
    writeFileSync(lock, String(process.pid));
    this.#holdsLock = true;
    const deliver = () => {
      if (!this.#ready) return;
      for (const name of readdirSync(directory).filter((entry) => entry.startsWith('second-'))) {
        const text = readFileSync(join(directory, name), 'utf8');
        if (text === '') continue;
        rmSync(join(directory, name));
        const message: { argv: string[]; directory: string; data: unknown } = JSON.parse(text);
        this.emit('second-instance', {}, message.argv, message.directory, message.data);
      }
    };
    watch(directory, deliver).unref();
    void this.#whenReady.then(deliver);
    return true;
  }

  quit(): void {
    let prevented = false;
    const event = { preventDefault: () => (prevented = true) };
    if (!this.#ready) {
      this.exit(0);
      return;
    }
    this.emit('before-quit', event);
    if (prevented) return;
    this.closeWindows();
    this.emit('will-quit', event);
    if (!prevented) this.exit(0);
  }
  exit(code = 0): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.closeWindows();
    this.emit('quit', {}, code);
    this.killChildren();
    if (this.#holdsLock)
      rmSync(join(this.getPath('userData'), 'stand-in-lock'), { recursive: true, force: true });
    process.exit(code);
  }
}

/** There is one app in a process. */
export const theApp = new App();
