/**
 * Starts the built desktop app under plain Node with `electron` resolved to the stand-in, and gives its
 * windows Chromium pages.
 */
import { type ChildProcess, fork, type IOType } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page, Route } from 'playwright';
import { bundle } from '../bundle';
import { type Ask, createConversation, type EngineCall, type Navigation } from '../desktop/conversation';
import { LIMITS, poll } from '../poll';
import type { AppState, FromApp, ToApp } from './messages';
import { DELIVER, INVOKE, OPEN, pageScript } from './page-script';
import { type DesktopTraits, TRAITS_VARIABLE } from './traits';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');

/** Chromium knows no app: scheme, so its pages live on a host that resolves nowhere. */
const PAGE_ORIGIN = 'https://app.orchard.invalid';
const toPage = (url: string) => url.replace(/^app:\/\/orchard(?=\/|$)/, PAGE_ORIGIN);
const toApp = (url: string) =>
  url === PAGE_ORIGIN || url.startsWith(`${PAGE_ORIGIN}/`)
    ? `app://orchard${url.slice(PAGE_ORIGIN.length)}`
    : url;

export interface StandInBuild {
  readonly electron: string;
  /** The app around an engine that the test plays. */
  readonly fakeMain: string;
}

/** Bundles the app around an engine that the test plays into a directory that the caller owns. */
export const bundleFakeMain = (into: string): Promise<string> =>
  bundle('tests/support/electron-stand-in/fake-main.ts', into);

/** Bundles the stand-in into a directory that the caller owns. */
export async function buildStandIn(into: string): Promise<StandInBuild> {
  return {
    electron: pathToFileURL(await bundle('tests/support/electron-stand-in/app-side/electron.ts', into)).href,
    fakeMain: await bundleFakeMain(into),
  };
}

/**
 * Descriptors that a child of Electron's main process is born with on Linux; their numbers begin behind
 * the first gap, up to which Node marks what it was given itself.
 */
const INHERITED = { first: 40, count: 46 } as const;

/** Starts a main module under Node with `electron` resolved to the stand-in, as Electron starts its own. */
export function startStandIn(
  main: string,
  given: {
    readonly electron: string;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
  },
): ChildProcess {
  const stdio: ('ipc' | IOType | number)[] = ['ignore', 'pipe', 'pipe', 'ipc'];
  const nothing = process.platform === 'linux' ? openSync('/dev/null', 'r') : null;
  if (nothing !== null) {
    while (stdio.length < INHERITED.first) stdio.push('ignore');
    for (let made = 0; made < INHERITED.count; made++) stdio.push(nothing);
  }
  try {
    return fork(main, [...given.args], {
      cwd: given.cwd,
      execArgv: ['--import', pathToFileURL(join(here, 'register.mjs')).href],
      env: {
        ...given.env,
        ORCHARD_ELECTRON_STAND_IN: given.electron,
        ORCHARD_PARENT_PORT: join(here, 'parent-port.mjs'),
        ...(nothing === null ? {} : { ORCHARD_INHERITED: `${INHERITED.first}-${stdio.length - 1}` }),
      },
      serialization: 'advanced',
      stdio,
    });
  } finally {
    if (nothing !== null) closeSync(nothing);
  }
}

export interface StandInApp {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  /** What the app wrote to stderr so far. */
  errors(): string;
  /** Resolves when the app is ready and has a tray icon; rejects with what it said when it ends first. */
  started(): Promise<void>;
  state(): AppState | null;
  /** What the face asked of an engine that the test plays, oldest first. */
  calls(): readonly EngineCall[];
  /** Every navigation that a page tried after its first, and whether the app let it. */
  navigations(): readonly Navigation[];
  page(window: number): Page | undefined;
  readonly ask: Ask;
  close(): Promise<void>;
}

export interface StandInOptions {
  readonly browser: Browser;
  readonly build: StandInBuild;
  readonly engine: 'real' | 'played';
  readonly env: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
  readonly colorScheme?: 'light' | 'dark';
  readonly traits?: Partial<DesktopTraits>;
}

export async function launchStandIn(options: StandInOptions): Promise<StandInApp> {
  const context = await options.browser.newContext({ colorScheme: options.colorScheme ?? 'light' });
  context.setDefaultTimeout(LIMITS.soon);
  const main = options.engine === 'played' ? options.build.fakeMain : join(root, 'out/main/main.js');
  const child = startStandIn(main, {
    electron: options.build.electron,
    args: options.args ?? [],
    cwd: root,
    env: { ...options.env, [TRAITS_VARIABLE]: JSON.stringify(options.traits ?? {}) },
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdout?.resume();

  const pages = new Map<number, Promise<Page>>();
  const settled = new Map<number, Page>();
  const navigations: Navigation[] = [];
  const send = (message: ToApp) => {
    if (child.connected) child.send(message);
  };
  const conversation = createConversation(send);
  const { ask } = conversation;
  const exited = new Promise<number | null>((resolve) => {
    child.on('exit', (code) => {
      conversation.end(`The app ended (${code}): ${errors}`);
      resolve(code);
    });
  });

  await context.route('**/*', (route) =>
    serve(route, {
      ask,
      onNavigation: (url, prevented) => navigations.push({ url, prevented }),
      windowOf: (page) => [...settled].find(([, candidate]) => candidate === page)?.[0],
    }),
  );

  child.on('message', (message: FromApp) => {
    if (conversation.receive(message)) return;
    switch (message.type) {
      case 'window.create': {
        const made = createPage(context, message, ask);
        pages.set(message.window, made);
        made.then(
          (page) => settled.set(message.window, page),
          () => {},
        );
        return;
      }
      case 'window.load':
        void pages
          .get(message.window)
          ?.then((page) => page.goto(toPage(message.url)))
          .then(
            () => send({ type: 'loaded', reply: message.reply, problem: null }),
            (error: unknown) => send({ type: 'loaded', reply: message.reply, problem: String(error) }),
          );
        return;
      case 'window.bounds':
        void pages.get(message.window)?.then((page) => resize(page, message.bounds));
        return;
      case 'window.send':
        void pages.get(message.window)?.then((page) => deliver(page, message.channel, message.args));
        return;
      case 'window.destroy': {
        const page = pages.get(message.window);
        pages.delete(message.window);
        settled.delete(message.window);
        void page?.then((gone) => gone.close().catch(() => {}));
      }
    }
  });

  return {
    process: child,
    exited,
    errors: () => errors,
    async started() {
      const ended = exited.then((code) => {
        throw new Error(`The app ended with ${code}: ${errors}`);
      });
      const up = poll(
        () => conversation.state()?.tray ?? null,
        (tray) => tray !== null,
        { what: 'the tray icon', limitMs: 20_000 },
      );
      await Promise.race([up, ended]);
      ended.catch(() => {});
    },
    state: conversation.state,
    calls: conversation.calls,
    navigations: () => navigations,
    page: (window) => settled.get(window),
    ask,
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
      // Closing a page that is still being furnished breaks Playwright's connection for the next test.
      await Promise.allSettled(pages.values());
      await context.close().catch(() => {});
    },
  };
}

async function createPage(
  context: BrowserContext,
  { window, preload, bounds }: Extract<FromApp, { type: 'window.create' }>,
  ask: Ask,
): Promise<Page> {
  const page = await context.newPage();
  await page.setViewportSize({ width: bounds.width, height: bounds.height });
  await page.exposeBinding(INVOKE, async ({ frame }, channel: string, args: unknown[]) => {
    const url = toApp(frame.url());
    const mainFrame = frame === page.mainFrame();
    try {
      const origin = url.startsWith('app:') ? 'app://orchard' : new URL(url).origin;
      return { ok: true, value: await ask('invoke', { window, mainFrame, origin, url, channel, args }) };
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  });
  await page.exposeBinding(OPEN, (_source, url: string) => ask('open', { window, url: toApp(url) }));
  await page.addInitScript(pageScript(preload === '' ? '' : await readFile(preload, 'utf8')));
  return page;
}

/** A page that closes under it is no failure: windows come and go. */
async function resize(page: Page, { width, height }: { width: number; height: number }) {
  await page.setViewportSize({ width, height }).catch(() => {});
}
async function deliver(page: Page, channel: string, args: readonly unknown[]) {
  // Playwright's own copying keeps what JSON would lose (undefined, dates).
  await page
    .evaluate(
      ([name, key, values]) => {
        const target: unknown = Reflect.get(window, name);
        if (typeof target === 'function') target(key, values);
      },
      [DELIVER, channel, args] as const,
    )
    .catch(() => {});
}

/** Every request of every page: our own from the app, navigation by leave of the app, the rest refused. */
async function serve(
  route: Route,
  {
    ask,
    windowOf,
    onNavigation,
  }: {
    ask: Ask;
    windowOf: (page: Page) => number | undefined;
    onNavigation: (url: string, prevented: boolean) => void;
  },
): Promise<void> {
  const request = route.request();
  const url = toApp(request.url());
  const frame = request.frame();
  const window = windowOf(frame.page());
  try {
    if (window === undefined) {
      // A window that a link opened: Electron asks before there is one.
      const opener = await frame.page().opener();
      const from = opener === null ? undefined : windowOf(opener);
      if (from !== undefined) await ask('open', { window: from, url });
      await route.abort('aborted');
      await frame.page().close();
      return;
    }
    const isFirst = frame.page().url() === 'about:blank';
    if (request.isNavigationRequest() && !isFirst) {
      const mainFrame = frame === frame.page().mainFrame();
      const { prevented } = await ask('navigate', { window, url, mainFrame });
      onNavigation(url, prevented);
      if (prevented) return await route.abort('aborted');
    }
    if (url.startsWith('app:')) {
      const { status, headers, body } = await ask('fetch', { url, method: request.method() });
      return await route.fulfill({ status, headers, body: Buffer.from(body) });
    }
    if (!request.isNavigationRequest()) return await route.abort('blockedbyclient');
    await route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>elsewhere</title>' });
  } catch {
    // The app or the page ended meanwhile.
    await route.abort('aborted').catch(() => {});
  }
}
