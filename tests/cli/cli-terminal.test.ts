/** What a person at a real terminal sees of `orch`: a tmux pane of 80 columns. */
import { join } from 'node:path';
import { beforeEach, expect, type TestContext, test } from 'vitest';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { needsBuild, orchFile } from '../support/run-orch';
import { createTestTmux, tmuxMissing } from '../support/tmux';

beforeEach(async (ctx: TestContext) => {
  needsBuild(ctx);
  const missing = await tmuxMissing();
  if (missing !== null) ctx.skip(missing);
});

async function setUp() {
  const sandbox = await createSandbox();
  const project = await sandbox.repository('project');
  const login = await sandbox.worktree(project, join(sandbox.root, 'project-wt-login'), 'feature/login');
  const tmux = createTestTmux(sandbox.root, 'socket', sandbox.env);
  const shell = `cd ${project} && PS1='$ ' exec sh`;
  await tmux.run('new-session', '-d', '-x', '80', '-y', '24', '-s', 'person', shell);
  const screen = () => tmux.run('capture-pane', '-p', '-t', 'person');
  const type = (...keys: string[]) => tmux.run('send-keys', '-t', 'person', ...keys);
  const orch = (line: string) => type(`'${process.execPath}' '${orchFile}' ${line}`, 'Enter');
  const sees = (what: string | RegExp) =>
    poll(screen, (text) => (typeof what === 'string' ? text.includes(what) : what.test(text)), {
      what: `“${what}” on the screen`,
      limitMs: 30_000,
    });
  return { ...sandbox, project, login, tmux, screen, type, orch, sees };
}

test('the monitor fits 80 columns, and an idle row is as long as the others', async () => {
  const { orch, sees, login, git, home, write, screen } = await setUp();
  await git(login, 'commit', '-q', '--allow-empty', '-m', `subject\u001b[2J${'x'.repeat(200)}`);
  await write(
    join(home, '.config/orchard/settings.json'),
    JSON.stringify({ version: 1, thresholds: { idleHours: 1e-9, staleHours: 9_999 } }),
  );
  await orch('monitor; echo over');
  await sees(/^over/m);
  const lines = (await screen()).split('\n');
  expect(lines.filter((line) => line.includes('⚠️ Idle'))).toHaveLength(2);
  const table = lines.filter((line) => line.startsWith('|'));
  expect(table).toHaveLength(4);
  expect(table[2]).toMatch(/\| project \(main\) +\| main /);
  // The right border is below itself on every row, whatever the terminal makes of an emoji's width.
  const border = (line: string) => [...line].length;
  expect(Math.max(...table.map(border)) - Math.min(...table.map(border))).toBeLessThanOrEqual(1);
  expect(lines.every((line) => [...line].length <= 80)).toBe(true);
});

test('--watch takes a screen of its own, follows what changes, and gives the old one back', async () => {
  const { orch, type, sees, login, commit, tmux } = await setUp();
  await type('echo before', 'Enter');
  await sees(/^(\$ )?before/m);
  await orch('monitor --watch');
  expect(await sees('q to leave')).not.toContain('before');
  await commit(login, { 'a.txt': 'a' });
  await sees('↑1');
  await tmux.run('resize-window', '-t', 'person', '-x', '60', '-y', '12');
  await sees(/no sessions · q to leave\s*$/);
  await type('q');
  const after = await sees(/^(\$ )?before/m);
  expect(after).not.toContain('q to leave');
  await type('echo still here', 'Enter');
  await sees(/^(\$ )?still here/m);
});

test('a question is asked where the person is, and a no, or Ctrl+C, does nothing', async () => {
  const { orch, type, sees, login, commit, git, project } = await setUp();
  await commit(login, { 'a.txt': 'a' });
  const before = await git(project, 'rev-parse', 'main');
  await orch('merge login; echo "ended $?"');
  await sees('Merge? [y/N]');
  await type('n', 'Enter');
  await sees('ended 1');
  await type('clear', 'Enter');
  await orch('merge login; echo "stopped $?"');
  await sees('Merge? [y/N]');
  await type('C-c');
  await sees('stopped 1');
  expect(await git(project, 'rev-parse', 'main')).toBe(before);
  await type('clear', 'Enter');
  await orch('merge login; echo "landed $?"');
  await sees('Merge? [y/N]');
  await type('y', 'Enter');
  expect(await sees('landed 0')).toContain('To take it back: orch undo merge-');
  expect(await git(project, 'show', 'main:a.txt')).toBe('a');
});
