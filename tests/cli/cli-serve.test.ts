import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { needsBuild, orch, startOrch } from '../support/run-orch';

beforeEach(needsBuild);

async function setUp() {
  const sandbox = await createSandbox();
  const project = await sandbox.repository('project');
  const where = { cwd: project, env: sandbox.env };
  const serve = async (...more: string[]) => {
    const running = startOrch(['serve', ...more], where);
    const line = await poll(running.out, (text) => text.includes('\n'), { what: 'the address' });
    return { running, line };
  };
  return { ...sandbox, project, where, serve };
}

test('one line with the address; the page is there, data needs the token, and a signal ends it', async () => {
  const { project, serve, where } = await setUp();
  expect((await orch(where, 'repo', 'add')).code).toBe(0);
  const { running, line } = await serve();
  expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}\n$/);
  const { origin, hash } = new URL(line.trim());
  const page = await fetch(`${origin}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<title>Orchard</title>');
  const ask = (headers: Record<string, string>) =>
    fetch(`${origin}/api/snapshot.get`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"input":{}}',
    });
  expect((await ask({})).status).toBe(401);
  const token = { authorization: `Bearer ${hash.slice('#token='.length)}` };
  expect((await ask({ ...token, origin: 'https://evil.example' })).status).toBe(403);
  const snapshot = await poll(
    async () => (await (await ask(token)).json()) as { value: { repositories: { root: string }[] } },
    (answer) => answer.value.repositories.length > 0,
    { what: 'the repository' },
  );
  expect(snapshot.value.repositories[0]?.root).toBe(project);
  running.child.kill('SIGTERM');
  expect(await running.ended).toEqual({ code: 0, out: line, err: '' });
});

test('the token is in no file of Orchard', async () => {
  const { serve, home } = await setUp();
  const { running, line } = await serve();
  const token = new URL(line.trim()).hash.slice('#token='.length);
  running.child.kill('SIGINT');
  await running.ended;
  const log = await readFile(join(home, '.local/state/orchard/log/orchard.log'), 'utf8').catch(() => '');
  expect(log).not.toContain(token);
});

test('a port that is taken is refused in one sentence', async () => {
  const { serve, where } = await setUp();
  const { line } = await serve('--json');
  const { port } = JSON.parse(line);
  const second = await orch(where, 'serve', '--port', String(port), '--json');
  expect(second.code).toBe(1);
  expect(JSON.parse(second.out)).toMatchObject({ error: { kind: 'port-taken', port } });
});
