import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { OperationEvent } from '../../../src-main/contract/operations';
import type { Handlers } from '../../../src-main/contract/requests';
import { startWebFace } from '../../../src-main/faces/web/web-face';
import { createFakeOrchard, emptySnapshot } from '../../support/fake-orchard';
import { poll } from '../../support/poll';
import { temporaryDirectory } from '../../support/temporary';

async function setUp(handlers: Partial<Handlers> = {}) {
  const root = await temporaryDirectory();
  const rendererDirectory = join(root, 'renderer');
  await mkdir(join(rendererDirectory, 'assets'), { recursive: true });
  await writeFile(join(rendererDirectory, 'index.html'), '<!doctype html><title>Orchard</title>');
  await writeFile(join(rendererDirectory, 'assets', 'app.js'), 'export {};');
  await writeFile(join(rendererDirectory, 'assets', 'app.js.map'), '{}');
  await writeFile(join(root, 'secret.html'), 'secret');
  if (process.platform !== 'win32')
    await symlink(join(root, 'secret.html'), join(rendererDirectory, 'link.html'));
  const fake = createFakeOrchard(emptySnapshot, handlers);
  const started = await startWebFace({ orchard: fake.orchard, rendererDirectory, port: 0 });
  if (!started.ok) throw new Error(JSON.stringify(started.error));
  const face = started.value;
  onTestFinished(() => face.close());
  const token = new URL(face.url).hash.replace('#token=', '');
  return { ...fake, face, token, rendererDirectory };
}

interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}
/** Speaks plain HTTP, so that headers a browser or fetch would not let through can be sent too. */
function ask(port: number, { method = 'GET', path, headers = {}, body }: Ask) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, headers, setHost: !('host' in headers) });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      sent.end(body);
    },
  );
}
const post = (token: string, name: string, body: unknown = { input: {} }, headers = {}): Ask => ({
  method: 'POST',
  path: `/api/${name}`,
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

test('the page is given to anyone on this machine, with headers that allow it little', async () => {
  const { face } = await setUp();
  const page = await ask(face.port, { path: '/' });
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('Orchard') });
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-frame-options': 'DENY',
  });
  const policy = String(page.headers['content-security-policy']);
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "connect-src 'self'",
  ])
    expect(policy).toContain(part);
  expect(policy).not.toMatch(/unsafe|\*/);
  expect((await ask(face.port, { path: '/assets/app.js' })).headers['content-type']).toBe(
    'text/javascript; charset=utf-8',
  );
  const head = await ask(face.port, { path: '/', method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, text: '' });
});

test('the address carries a token of 256 bits in its fragment, on loopback only', async () => {
  const { face, token } = await setUp();
  expect(face.url).toBe(`http://127.0.0.1:${face.port}/#token=${token}`);
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  const other = await setUp();
  expect(other.token).not.toBe(token);
});

test.each([
  '/../secret.html',
  '/..%2fsecret.html',
  '/%2e%2e/secret.html',
  '/assets/../../secret.html',
  '/..\\secret.html',
  '/%00',
  '/%',
  '/link.html',
  '/assets/app.js.map',
  '//etc/passwd',
])('no spelling of a path leads to another file: %s', async (path) => {
  const { face } = await setUp();
  const answer = await ask(face.port, { path });
  expect(answer.status).toBe(404);
  expect(answer.text).not.toContain('secret');
});

test('data without the token, or with a wrong one, is 401', async () => {
  const { face, token, calls } = await setUp();
  const wrong = [
    {},
    { authorization: `Bearer ${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}` },
    { authorization: `Bearer ${token} more` },
    { authorization: token },
    { authorization: 'Bearer ' },
    { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` },
  ];
  for (const headers of wrong) {
    const answer = await ask(face.port, {
      ...post(token, 'snapshot.get'),
      headers: { 'content-type': 'application/json', ...headers },
    });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toMatchObject({ ok: false, error: { kind: 'forbidden' } });
    expect(answer.text).not.toContain(token);
  }
  expect((await ask(face.port, { path: '/api/events' })).status).toBe(401);
  expect((await ask(face.port, { path: `/api/events?token=${token}` })).status).toBe(401);
  expect((await ask(face.port, { path: '/api/nonsense' })).status).toBe(401);
  expect(calls).toEqual([]);
});

test.each([
  ['a foreign Host (DNS rebinding)', { host: 'evil.example' }],
  ['a Host that only begins like ours', { host: '127.0.0.1.evil.example' }],
  ['another port in Host', { host: '127.0.0.1:1' }],
  ['an address of this machine on the network', { host: '192.168.0.9' }],
  ['a foreign Origin', { origin: 'https://evil.example' }],
  ['the Origin null', { origin: 'null' }],
  ['another local server', { origin: 'http://127.0.0.1:1' }],
  ['the same place with another scheme', { origin: 'https://127.0.0.1' }],
])('%s is 403, also with the token, also for the page', async (_, headers) => {
  const { face, token, calls } = await setUp();
  expect((await ask(face.port, post(token, 'snapshot.get', { input: {} }, headers))).status).toBe(403);
  expect((await ask(face.port, { path: '/', headers })).status).toBe(403);
  expect(calls).toEqual([]);
});

test('both names of this machine are ours, each with its own origin', async () => {
  const { face, token } = await setUp();
  for (const name of ['127.0.0.1', 'localhost']) {
    const host = `${name}:${face.port}`;
    const own = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect((await ask(face.port, post(token, 'snapshot.get', { input: {} }, own))).status).toBe(200);
  }
  const crossed = { host: `127.0.0.1:${face.port}`, origin: `http://localhost:${face.port}` };
  expect((await ask(face.port, post(token, 'snapshot.get', { input: {} }, crossed))).status).toBe(403);
});

test('a request that another site started is refused even without an Origin', async () => {
  const { face, token } = await setUp();
  for (const site of ['cross-site', 'same-site'])
    expect(
      (await ask(face.port, post(token, 'snapshot.get', { input: {} }, { 'sec-fetch-site': site }))).status,
    ).toBe(403);
});

test('nothing is ever allowed across origins', async () => {
  const { face, token } = await setUp();
  const preflight = await ask(face.port, {
    method: 'OPTIONS',
    path: '/api/snapshot.get',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  });
  expect(preflight.status).toBe(403);
  const own = await ask(face.port, post(token, 'snapshot.get'));
  for (const answer of [preflight, own])
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
});

test('a request reaches its handler and its Result comes back, failures too', async () => {
  const { face, token, calls } = await setUp({
    'session.open': async () => ({ ok: false, error: { kind: 'no-claude' } }),
  });
  const good = await ask(face.port, post(token, 'snapshot.get'));
  expect(good.status).toBe(200);
  expect(JSON.parse(good.text)).toEqual({ ok: true, value: emptySnapshot });
  const refused = await ask(
    face.port,
    post(token, 'session.open', { input: { sessionId: 's-0123456789ab' } }),
  );
  expect(refused.status).toBe(200);
  expect(JSON.parse(refused.text)).toEqual({ ok: false, error: { kind: 'no-claude' } });
  expect(calls.map((call) => call.name)).toEqual(['snapshot.get', 'session.open']);
});

test.each([
  ['an unknown request', 'nope', { input: {} }, 'name'],
  ['a prototype name', 'constructor', { input: {} }, 'name'],
  ['a wrong field', 'session.open', { input: { sessionId: '/etc' } }, 'sessionId'],
  ['an unknown field', 'snapshot.get', { input: { path: '/' } }, 'input'],
  ['no input', 'snapshot.get', {}, 'body'],
  ['no JSON', 'snapshot.get', '{', 'body'],
  ['null', 'snapshot.get', 'null', 'body'],
])('%s is 400 and names the field', async (_, name, body, field) => {
  const { face, token, calls } = await setUp();
  const answer = await ask(face.port, post(token, name, body));
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toMatchObject({ ok: false, error: { kind: 'invalid-request', field } });
  expect(calls).toEqual([]);
});

test('a body that is too long is 413, whether it says its length or not', async () => {
  const { face, token, calls } = await setUp();
  const long = JSON.stringify({ input: { filler: 'x'.repeat(100_000) } });
  expect((await ask(face.port, post(token, 'snapshot.get', long))).status).toBe(413);
  const chunked = post(token, 'snapshot.get', long, { 'transfer-encoding': 'chunked' });
  expect((await ask(face.port, chunked)).status).toBe(413);
  expect(calls).toEqual([]);
});

test('only JSON, and only the method that belongs there', async () => {
  const { face, token } = await setUp();
  expect(
    (await ask(face.port, post(token, 'snapshot.get', { input: {} }, { 'content-type': 'text/plain' })))
      .status,
  ).toBe(415);
  const authorization = `Bearer ${token}`;
  expect((await ask(face.port, { path: '/api/snapshot.get', headers: { authorization } })).status).toBe(405);
  expect((await ask(face.port, { path: '/', method: 'DELETE' })).status).toBe(405);
});

test('a handler that throws is a bug with a reference, and its words stay here', async () => {
  const { face, token, log } = await setUp({
    'snapshot.get': async () => {
      throw new Error('private words');
    },
  });
  const answer = await ask(face.port, post(token, 'snapshot.get'));
  expect(answer.status).toBe(500);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { kind: 'internal', reference: 'test-1' } });
  expect(answer.text).not.toContain('private');
  expect(log.lines).toHaveLength(1);
});

/** Reads a stream of events; `stop` makes it a page that takes nothing more. */
function listen(port: number, token: string) {
  const seen: { event: string; data: unknown }[] = [];
  let rest = '';
  const sent = request({
    host: '127.0.0.1',
    port,
    path: '/api/events',
    headers: { authorization: `Bearer ${token}` },
  });
  const state = { open: false, closed: false, stop: () => {}, go: () => {}, end: () => sent.destroy() };
  sent.on('error', () => {
    state.closed = true;
  });
  sent.on('response', (response) => {
    state.open = response.statusCode === 200;
    state.stop = () => response.pause();
    state.go = () => response.resume();
    response.setEncoding('utf8').on('data', (chunk: string) => {
      rest += chunk;
      for (;;) {
        const at = rest.indexOf('\n\n');
        if (at < 0) break;
        const [event, data] = rest.slice(0, at).split('\n');
        rest = rest.slice(at + 2);
        if (event?.startsWith('event: '))
          seen.push({ event: event.slice(7), data: JSON.parse(data?.slice(6) ?? 'null') });
      }
    });
    response.on('close', () => {
      state.closed = true;
    });
    response.on('error', () => {});
  });
  sent.end();
  return { seen, state };
}
const output = (text: string): OperationEvent => ({
  operation: 'merge-20260105090000-abcdef',
  kind: 'merge',
  repositoryId: 'r-000000000001',
  worktreeId: null,
  at: '2026-01-05T09:00:00.000Z',
  change: { type: 'output', step: 'validate', text },
});

test('a page hears the newest snapshot at once, then every push in order', async () => {
  const { face, token, push, operate } = await setUp();
  const { seen, state } = listen(face.port, token);
  await poll(
    () => seen.length,
    (count) => count === 1,
  );
  push({ ...emptySnapshot, revision: 2, line: '1 working' });
  operate(output('héllo\n\nworld'));
  await poll(
    () => seen.length,
    (count) => count === 3,
  );
  expect(seen).toMatchObject([
    { event: 'snapshot', data: { revision: 1 } },
    { event: 'snapshot', data: { revision: 2, line: '1 working' } },
    { event: 'operation', data: { change: { text: 'héllo\n\nworld' } } },
  ]);
  state.end();
});

test('a slow page skips old snapshots but no event of an operation', async () => {
  const { face, token, push, operate } = await setUp();
  const { seen, state } = listen(face.port, token);
  await poll(
    () => seen.length,
    (count) => count === 1,
  );
  state.stop();
  // More than any socket buffers on the way.
  const problems = [{ where: 'filler', message: 'x'.repeat(400_000) }];
  for (let revision = 2; revision <= 60; revision++) {
    push({ ...emptySnapshot, revision, problems });
    operate(output(String(revision)));
  }
  state.go();
  await poll(
    () => seen.at(-1)?.data,
    (data) => (data as { revision?: number }).revision === 60,
    {
      what: 'the newest snapshot',
    },
  );
  const revisions = seen.filter((one) => one.event === 'snapshot').length;
  expect(revisions).toBeLessThan(60);
  const texts = seen
    .filter((one) => one.event === 'operation')
    .map((one) => (one.data as OperationEvent).change)
    .map((change) => (change.type === 'output' ? change.text : ''));
  expect(texts).toEqual(Array.from({ length: 59 }, (_, i) => String(i + 2)));
  state.end();
});

test('a page that goes away is forgotten, and closing ends every connection', async () => {
  const { face, token, listeners, push } = await setUp();
  const first = listen(face.port, token);
  const second = listen(face.port, token);
  await poll(
    () => first.seen.length + second.seen.length,
    (count) => count === 2,
  );
  first.state.end();
  push({ ...emptySnapshot, revision: 2 });
  await poll(
    () => second.seen.length,
    (count) => count === 2,
  );
  await face.close();
  await poll(() => second.state.closed);
  expect(listeners()).toBe(0);
  await expect(ask(face.port, { path: '/' })).rejects.toThrow('ECONNREFUSED');
});

test('a port that is taken, and a page that was not built, are failures with a way out', async () => {
  const { face, orchard, rendererDirectory } = await setUp();
  expect(await startWebFace({ orchard, rendererDirectory, port: face.port })).toMatchObject({
    ok: false,
    error: { kind: 'port-taken', port: face.port },
  });
  expect(
    await startWebFace({ orchard, rendererDirectory: join(rendererDirectory, 'assets'), port: 0 }),
  ).toMatchObject({
    ok: false,
    error: { kind: 'file-failed', details: expect.stringContaining('npm run build') },
  });
});

test('bytes that are no HTTP do not bring it down', async () => {
  const { face, token } = await setUp();
  const socket = connect(face.port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('\x00\x01GET / HTTP/9.9\r\n\r\n');
  socket.resume();
  await closed;
  expect((await ask(face.port, post(token, 'snapshot.get'))).status).toBe(200);
});
