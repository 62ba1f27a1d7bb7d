import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Bridge, Pushes, RequestName } from '@contract/requests';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright';
import { expect, type TestContext } from 'vitest';
import { launchChromium, NO_CHROMIUM } from '../../support/chromium';
import { LIMITS } from '../../support/poll';
import type { Answers, FakeBridgeState } from './fake-bridge';
import { installFakeBridge } from './fake-bridge';
import { NOW } from './fixtures';
import { type PageServer, startPageServer } from './page-server';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const pictures = fileURLToPath(new URL('../../../resources/pictures/', import.meta.url));

export interface OpenOptions {
  readonly answers?: Answers;
  readonly face?: Bridge['face'];
  readonly platform?: Bridge['platform'];
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  readonly reducedMotion?: 'reduce' | 'no-preference';
  readonly forcedColors?: 'active' | 'none';
  readonly contrast?: 'more' | 'no-preference';
  readonly scale?: number;
}

declare global {
  interface Window {
    readonly fake: FakeBridgeState;
    readonly axe: { run(): Promise<AxeResults> };
  }
}

/** The built page in a browser, with a bridge of its own per test. */
export class Lab {
  private constructor(
    private readonly browser: Browser | null,
    private readonly server: PageServer,
  ) {}

  static async start(): Promise<Lab> {
    return new Lab(await launchChromium(), await startPageServer());
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    await this.server.close();
  }

  async open(context: TestContext, options: OpenOptions = {}): Promise<Popover> {
    const browserContext = await this.context(context, options);
    const page = await browserContext.newPage();
    page.setDefaultTimeout(LIMITS.soon);
    const popover = new Popover(page);
    await page.clock.setFixedTime(NOW);
    await page.addInitScript(installFakeBridge, {
      face: options.face ?? 'electron',
      platform: options.platform ?? 'linux',
      answers: options.answers ?? {},
    });
    await page.goto(this.server.address);
    await page.locator('.frame').waitFor();
    context.onTestFinished(async () => {
      await browserContext.close();
      expect(popover.complaints).toEqual([]);
    });
    return popover;
  }

  /** A bare context, for tests that bring their own server. Skips by name when there is no browser. */
  async context(context: TestContext, options: OpenOptions = {}) {
    if (this.browser === null) return context.skip(NO_CHROMIUM);
    return await this.browser.newContext({
      viewport: { width: options.width ?? 380, height: options.height ?? 560 },
      deviceScaleFactor: options.scale ?? 1,
      colorScheme: options.scheme ?? 'light',
      reducedMotion: options.reducedMotion ?? 'reduce',
      forcedColors: options.forcedColors ?? 'none',
      contrast: options.contrast ?? 'no-preference',
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
  }
}

/** The page, with what tests ask of it again and again. */
export class Popover {
  /** Errors, and whatever the content security policy refused. */
  readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  async push<P extends keyof Pushes>(name: P, value: Pushes[P]): Promise<void> {
    await this.page.evaluate(
      ([push, pushed]) => window.fake.push(push as keyof Pushes, pushed as Pushes[keyof Pushes]),
      [name, value] as const,
    );
  }

  /** The inputs of every call of one request, in order. */
  async calls(name: RequestName): Promise<readonly unknown[]> {
    return await this.page.evaluate(
      (wanted) => window.fake.calls.filter((call) => call.name === wanted).map(({ input }) => input),
      name as string,
    );
  }

  async answer(answers: Answers): Promise<void> {
    await this.page.evaluate(
      (more) => {
        Object.assign(window.fake.answers, more);
      },
      answers as Record<string, unknown>,
    );
  }

  async copied(): Promise<readonly string[]> {
    return await this.page.evaluate(() => window.fake.copied);
  }

  /** The accessible name of what has the focus. */
  async focused(): Promise<string> {
    return await this.page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent ?? '';
    });
  }

  /** Broken accessibility rules, each with the places. */
  async violations(): Promise<readonly string[]> {
    await this.page.evaluate(await readFile(axePath, 'utf8'));
    const results = await this.page.evaluate(() => window.axe.run());
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, any }) => `${id}: ${target.join(' ')} ${any.map((one) => one.message).join('; ')}`,
      ),
    );
  }

  /** What is wider than the popover, named so that a failure says where to look; empty when all fits. */
  async overflowing(): Promise<readonly string[]> {
    return await this.page.evaluate(() => {
      const boxes = [...document.querySelectorAll('.frame-scroll, .frame-header, .frame-footer, body')];
      if (boxes.every((box) => box.scrollWidth <= box.clientWidth)) return [];
      return [...document.querySelectorAll('#root *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => `${element.tagName} .${element.getAttribute('class') ?? ''}`);
    });
  }

  /**
   * A picture of the popover as tall as it wants to be. With ORCHARD_PICTURES=1 the ones to keep are
   * saved, with `all` every one; an ordinary run leaves the tree as it is.
   */
  async picture(name: string, { keep }: { readonly keep: boolean }): Promise<void> {
    await this.fit();
    await this.page.evaluate(() => document.fonts.ready.then(() => undefined));
    const image = await this.page.screenshot({ animations: 'disabled', caret: 'hide' });
    expect(image.byteLength).toBeGreaterThan(1_000);
    const wanted = process.env.ORCHARD_PICTURES;
    if (wanted !== 'all' && !(wanted === '1' && keep)) return;
    await mkdir(pictures, { recursive: true });
    await this.page.screenshot({ path: `${pictures}${name}.png`, animations: 'disabled', caret: 'hide' });
  }

  /** Does what the desktop does with `resize`. */
  async fit(): Promise<void> {
    await this.page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    const height = await this.page.evaluate(() => window.fake?.heights.at(-1));
    if (height !== undefined)
      await this.page.setViewportSize({
        width: this.page.viewportSize()?.width ?? 380,
        height: Math.min(height, 560),
      });
  }
}
