/** ipcMain, protocol, session: what a page reaches the app through. */
import { EventEmitter } from 'node:events';
import type { CustomScheme } from 'electron';
import { theApp as app } from './app';
import { contentsOf, originOf } from './windows';
import { answer } from './wire';

export class IpcMain extends EventEmitter {
  #handlers = new Map<string, (event: unknown, ...args: unknown[]) => unknown>();

  constructor() {
    super();
    answer('invoke', async ({ window, mainFrame, origin, url, channel, args }) => {
      const sender = contentsOf(window);
      const senderFrame = mainFrame ? sender.mainFrame : { parent: sender.mainFrame, origin, url };
      const event = { sender, senderFrame, frameId: 1, processId: 1, type: 'frame' };
      const handler = this.#handlers.get(channel);
      try {
        if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
        return structuredClone(await handler(event, ...structuredClone(args)));
      } catch (error) {
        throw new Error(`Error invoking remote method '${channel}': ${String(error)}`);
      }
    });
  }
  handle(channel: string, listener: (event: never, ...args: never[]) => unknown): void {
    if (this.#handlers.has(channel))
      throw new Error(`Attempted to register a second handler for '${channel}'`);
    this.#handlers.set(channel, listener as (event: unknown, ...args: unknown[]) => unknown);
  }
  removeHandler(channel: string): void {
    this.#handlers.delete(channel);
  }
}

export class Protocol {
  #privileged = new Set<string>();
  #handlers = new Map<string, (request: Request) => Response | Promise<Response>>();

  constructor() {
    answer('fetch', async ({ url, method }) => {
      const handler = this.#handlers.get(new URL(url).protocol.replace(':', ''));
      if (handler === undefined) throw new Error(`Nothing serves ${url}`);
      const response = await handler(new Request(url, { method }));
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: new Uint8Array(await response.arrayBuffer()),
      };
    });
  }
  registerSchemesAsPrivileged(schemes: CustomScheme[]): void {
    if (app.isReady())
      throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    for (const { scheme, privileges } of schemes)
      if (privileges?.standard === true && privileges.secure === true) this.#privileged.add(scheme);
  }
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    if (!app.isReady()) throw new Error('protocol.handle needs the app to be ready');
    if (!this.#privileged.has(scheme)) throw new Error(`${scheme}: is not a standard, secure scheme`);
    if (this.#handlers.has(scheme)) throw new Error(`The scheme '${scheme}' has been handled already`);
    this.#handlers.set(scheme, handler);
  }
}

export class Session extends EventEmitter {
  #request: ((contents: null, permission: string, answer: (granted: boolean) => void) => void) | null = null;
  #check: ((contents: null, permission: string, origin: string) => boolean) | null = null;

  constructor() {
    super();
    answer('permission', async ({ permission }) => {
      const request = this.#request;
      const requested =
        request === null || (await new Promise<boolean>((resolve) => request(null, permission, resolve)));
      const checked = this.#check?.(null, permission, originOf('app://orchard')) ?? true;
      return { requested, checked };
    });
  }
  setPermissionRequestHandler(handler: Session['request']): void {
    this.#request = handler;
  }
  setPermissionCheckHandler(handler: Session['check']): void {
    this.#check = handler;
  }
  setDevicePermissionHandler(handler: () => boolean): void {
    if (handler()) throw new Error('A device was granted without a look at it');
  }
  /** Types of the two handlers, for the setters. */
  declare request: (contents: null, permission: string, answer: (granted: boolean) => void) => void;
  declare check: (contents: null, permission: string, origin: string) => boolean;
}
