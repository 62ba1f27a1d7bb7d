import { execFile } from 'node:child_process';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createBrainNotes, newestNote, noteTitle } from '../../src-main/brain/notes';
import { temporaryDirectory } from '../support/temporary';

const notes = createBrainNotes();

async function worktreeWith(files: Readonly<Record<string, string | Buffer>>) {
  const worktree = join(await temporaryDirectory(), 'wt');
  await mkdir(worktree);
  // Each one a minute newer than the one before.
  let at = Date.UTC(2026, 0, 1) / 1000;
  for (const [name, content] of Object.entries(files)) {
    const path = join(worktree, '.planning/brain', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    at += 60;
    await utimes(path, at, at);
  }
  return worktree;
}

async function titles(worktree: string) {
  const found = await notes.list(worktree);
  if (!found.ok) throw new Error(JSON.stringify(found.error));
  return found.value.map(({ title }) => title);
}

describe('brain notes', () => {
  it('are listed newest first, with their text and time', async () => {
    const worktree = await worktreeWith({
      'a.md': '# First\nbody',
      'b.md': 'no heading',
      'c.md': '# Third\n',
    });
    const found = await notes.list(worktree);
    expect(found).toMatchObject({
      ok: true,
      value: [
        { title: 'Third', at: '2026-01-01T00:03:00.000Z' },
        { title: 'b', text: 'no heading' },
        { title: 'First', text: '# First\nbody', path: join(worktree, '.planning/brain/a.md') },
      ],
    });
  });

  it('take their title from front matter, then the first heading, then the name', () => {
    expect(noteTitle('---\ntags: [x]\ntitle: "Why: this"\n---\n# Other', 'n.md')).toBe('Why: this');
    expect(noteTitle('---\ntags: [x]\n---\n\n## Heading ##\n', 'n.md')).toBe('Heading');
    expect(noteTitle('```sh\n# a comment, no heading\n```\n# Real\n', 'n.md')).toBe('Real');
    expect(noteTitle('---\ntitle:\n---\nplain', '2026-01-01 login.md')).toBe('2026-01-01 login');
    expect(noteTitle('---\nnever closed\n# Heading', 'n.md')).toBe('Heading');
    expect(noteTitle(`# ${'🔔'.repeat(300)}`, 'n.md')).toBe(`${'🔔'.repeat(119)}…`);
  });

  it('include what was saved for a merged branch in a folder of its own', async () => {
    const worktree = await worktreeWith({ 'own.md': '# Own', 'feature/login/saved.md': '# Saved' });
    expect(await titles(worktree)).toEqual(['Saved', 'Own']);
  });

  it('are none where the folder is missing, empty, or a file', async () => {
    const worktree = await worktreeWith({});
    expect(await notes.list(worktree)).toEqual({ ok: true, value: [] });
    expect(await newestNote(worktree)).toBeNull();
    expect(await newestNote(join(worktree, 'gone'))).toBeNull();
    await writeFile(join(worktree, '.planning'), 'a file');
    expect(await notes.list(worktree)).toEqual({ ok: true, value: [] });
  });

  it('leave out binary files, hidden files, folders and other kinds', async () => {
    const worktree = await worktreeWith({
      'text.md': '# Text',
      'picture.png': 'not a note',
      '.hidden.md': '# Hidden',
      'binary.md': Buffer.from([0x23, 0x20, 0x00, 0x41]),
    });
    await mkdir(join(worktree, '.planning/brain/folder.md'));
    expect(await titles(worktree)).toEqual(['Text']);
    expect((await newestNote(worktree))?.title).toBe('Text');
  });

  it('never wait for a pipe that has a note’s name', async (ctx) => {
    if (process.platform === 'win32') ctx.skip('Windows has no named pipes in directories');
    const worktree = await worktreeWith({ 'text.md': '# Text' });
    await promisify(execFile)('mkfifo', [join(worktree, '.planning/brain/pipe.md')]);
    expect(await titles(worktree)).toEqual(['Text']);
  });

  it('follow a link inside the worktree and none that leads out of it', async () => {
    const worktree = await worktreeWith({ 'real.md': '# Real' });
    await writeFile(join(worktree, 'shared.md'), '# Inside');
    await writeFile(join(dirname(worktree), 'secret.md'), '# Outside');
    await symlink(join(worktree, 'shared.md'), join(worktree, '.planning/brain/inside.md'));
    await symlink(join(dirname(worktree), 'secret.md'), join(worktree, '.planning/brain/outside.md'));
    await symlink('nowhere.md', join(worktree, '.planning/brain/broken.md'));
    expect((await titles(worktree)).sort()).toEqual(['Inside', 'Real']);
  });

  it('are none when the folder itself is a link out of the worktree', async () => {
    const elsewhere = await worktreeWith({ 'theirs.md': '# Theirs' });
    const worktree = await worktreeWith({});
    await symlink(join(elsewhere, '.planning'), join(worktree, '.planning'));
    expect(await notes.list(worktree)).toEqual({ ok: true, value: [] });
    expect(await newestNote(worktree)).toBeNull();
  });

  it('show 64 KB of a long note, cut between characters', async () => {
    const worktree = await worktreeWith({ 'long.md': `# Long\n${'ä'.repeat(80_000)}` });
    const found = await notes.list(worktree);
    const text = found.ok ? (found.value[0]?.text ?? '') : '';
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
    expect(Buffer.byteLength(text)).toBeGreaterThan(65_530);
    expect(text).not.toContain('\ufffd');
  });

  it('say the newest one with its time in milliseconds', async () => {
    const worktree = await worktreeWith({ 'old.md': '# Old', 'new.md': '# New' });
    expect(await newestNote(worktree)).toEqual({
      title: 'New',
      path: join(worktree, '.planning/brain/new.md'),
      at: Date.UTC(2026, 0, 1, 0, 2),
    });
  });
});
