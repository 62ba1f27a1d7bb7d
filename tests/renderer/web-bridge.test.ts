/** The page without a preload: a loopback server with a token, requests by POST, pushes by a stream. */
import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { launchChromium, NO_CHROMIUM } from '../support/chromium';
import { LIMITS, poll } from '../support/poll';
import { snapshot } from './support/fixtures';
import { startPageServer } from './support/page-server';

async function open(context: TestContext, { token = 'secret', fragment = '#token=secret' } = {}) {
  const browser = await launchChromium();
  if (browser === null) return context.skip(NO_CHROMIUM);
  const streams: ServerResponse[] = [];
  const requests: { readonly url: string; readonly body: unknown }[] = [];
  const state = { token, snapshot, refuse: false };
  const server = await startPageServer((request, response, body) => {
    if (request.headers.authorization !== `Bearer ${state.token}`) {
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ ok: false, error: { kind: 'forbidden', problem: 'No valid token' } }));
      return;
    }
    if (request.url === '/api/events') {
      if (state.refuse) {
        response.writeHead(503).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(': hello\n\n');
      streams.push(response);
      return;
    }
    requests.push({ url: `${request.method} ${request.url}`, body: JSON.parse(body) });
    const value = request.url === '/api/snapshot.get' ? state.snapshot : null;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ok: true, value }));
  });
  onTestFinished(async () => {
    await browser.close();
    await server.close();
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(LIMITS.soon);
  await page.goto(`${server.address}${fragment}`);
  const send = (event: string, data: unknown) => {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  return { page, requests, streams, state, send };
}

test('takes the token out of the address, asks with it and hears the pushes', async (context) => {
  const { page, requests, streams, send } = await open(context);
  await page.getByText('1 needs you').first().waitFor();
  expect(page.url()).not.toContain('secret');
  expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
  expect(requests).toContainEqual({ url: 'POST /api/snapshot.get', body: { input: {} } });
  await poll(() => streams.length === 1);
  send('snapshot', { ...snapshot, revision: 90, line: 'ninety – “pushed”' });
  await page.getByText('ninety – “pushed”').waitFor();
  await page.reload();
  await page.getByText('1 needs you').first().waitFor();
});

test('an event that arrives in pieces is heard whole', async (context) => {
  const { page, streams } = await open(context);
  await page.getByText('1 needs you').first().waitFor();
  await poll(() => streams.length === 1);
  const text = Buffer.from(
    `event: snapshot\r\ndata: ${JSON.stringify({ ...snapshot, revision: 91, line: 'ein Stück für Stück' })}\r\n\r\n`,
  );
  const cut = text.indexOf(Buffer.from('ü')) + 1;
  streams[0]?.write(text.subarray(0, 5));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  streams[0]?.write(text.subarray(5, cut));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  streams[0]?.write(text.subarray(cut));
  await page.getByText('ein Stück für Stück').waitFor();
});

test('a lost connection is said, and a server that counts anew is believed', async (context) => {
  const { page, streams, state } = await open(context);
  await page.getByText('1 needs you').first().waitFor();
  await poll(() => streams.length === 1);
  state.refuse = true;
  streams[0]?.destroy();
  await page.getByText('Connection lost.').waitFor();
  expect(await page.getByRole('button', { name: 'Spawn' }).isEnabled()).toBe(false);
  state.snapshot = { ...snapshot, revision: 2, line: 'a new server' };
  state.refuse = false;
  await page.getByText('a new server').waitFor();
  expect(await page.getByText('Connection lost.').count()).toBe(0);
});

test('without a valid token nothing is shown but the way in', async (context) => {
  const { page } = await open(context, { fragment: '#token=wrong' });
  await page.getByText('Not allowed').first().waitFor();
  await page.getByText('a fresh link from').waitFor();
});
