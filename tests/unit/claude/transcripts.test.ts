import { appendFile, mkdir, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { transcriptDirectoryName } from '../../../src-main/claude/places';
import { createTranscriptReader } from '../../../src-main/claude/transcript-reader';
import { createTranscripts } from '../../../src-main/claude/transcripts';
import { createManualClock } from '../../support/manual-clock';
import { followPace } from '../../support/pace';
import { poll } from '../../support/poll';
import { temporaryDirectory } from '../../support/temporary';

const ID = '11111111-2222-4333-8444-555555555555';
const OTHER = '99999999-2222-4333-8444-555555555555';
let second = 0;
const stamp = () => new Date(Date.UTC(2026, 0, 5) + second++ * 1000).toISOString();
const line = (value: object) => `${JSON.stringify({ timestamp: stamp(), cwd: '/repo', ...value })}\n`;
const prompt = (content: string, cwd = '/repo') => line({ type: 'user', message: { content }, cwd });
const said = (words: string, cwd = '/repo') =>
  line({
    type: 'assistant',
    message: { content: [{ type: 'text', text: words }], stop_reason: 'end_turn' },
    cwd,
  });
const padding = (bytes: number) => `{"type":"attachment","x":"${'x'.repeat(bytes)}"}\n`;
const log = { info: () => undefined, warn: () => undefined, bug: (event: string) => event };

test('a directory of transcripts is named after the working directory, whatever is in it', () => {
  expect(transcriptDirectoryName('/home/me/my repo.wt_ü')).toEqual({
    name: '-home-me-my-repo-wt--',
    exact: true,
  });
  expect(transcriptDirectoryName('C:\\Users\\me')).toEqual({ name: 'C--Users-me', exact: true });
  const long = transcriptDirectoryName(`/${'a'.repeat(300)}`);
  expect(long.exact).toBe(false);
  expect(long.name).toHaveLength(200);
});

test('the tail is read although one line is far longer than the window', async () => {
  const file = join(await temporaryDirectory(), 'a.jsonl');
  await writeFile(file, prompt('the prompt') + said('The answer.') + padding(300_000));
  const reader = createTranscriptReader(file, { wantTurnStart: false });
  expect(reader.tail()).toBeNull();
  expect(await reader.read()).toBe('read');
  expect(reader.tail()).toMatchObject({ lastMessage: 'The answer.', turnOpen: false });
});

test('a conversation is found behind the client’s own bookkeeping and a last local command', async () => {
  const file = join(await temporaryDirectory(), 'a.jsonl');
  const left = line({ type: 'user', message: { content: '<command-name>/exit</command-name>' } });
  await writeFile(file, prompt('go') + said('Before it left.') + padding(200_000) + left);
  const reader = createTranscriptReader(file, { wantTurnStart: false });
  await reader.read();
  expect(reader.tail()?.lastMessage).toBe('Before it left.');
});

test('the beginning of a long turn is looked for further back, and not for ever', async () => {
  const directory = await temporaryDirectory();
  const near = join(directory, 'near.jsonl');
  await writeFile(near, prompt('go') + padding(200_000) + said('Far behind.'));
  const shallow = createTranscriptReader(near, { wantTurnStart: false });
  const deep = createTranscriptReader(near, { wantTurnStart: true });
  await Promise.all([shallow.read(), deep.read()]);
  expect(shallow.tail()).toMatchObject({ lastMessage: 'Far behind.', turnStartedAt: null });
  expect(deep.tail()?.turnStartedAt).not.toBeNull();

  const far = join(directory, 'far.jsonl');
  await writeFile(far, prompt('go') + padding(3_000_000) + said('Too far.'));
  const reader = createTranscriptReader(far, { wantTurnStart: true });
  await reader.read();
  expect(reader.tail()).toMatchObject({ lastMessage: 'Too far.', turnStartedAt: null });
});

test('what is appended is read once, and a line only when it is whole', async () => {
  const file = join(await temporaryDirectory(), 'a.jsonl');
  await writeFile(file, prompt('go'));
  const reader = createTranscriptReader(file, { wantTurnStart: true });
  await reader.read();
  expect(await reader.read()).toBe('same');
  const answer = said('Wörter, 🌱 und mehr.');
  const bytes = Buffer.from(answer);
  // Torn in the middle of a character.
  const cut = bytes.indexOf(Buffer.from('🌱')) + 2;
  await appendFile(file, bytes.subarray(0, cut));
  await reader.read();
  expect(reader.tail()).toMatchObject({ turnOpen: true, lastMessage: null });
  await appendFile(file, bytes.subarray(cut));
  expect(await reader.read()).toBe('grew');
  expect(reader.tail()).toMatchObject({ turnOpen: false, lastMessage: 'Wörter, 🌱 und mehr.' });
});

test('a file that shrank, was replaced or went away is read anew', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'a.jsonl');
  await writeFile(file, prompt('one') + said('One.') + said('Two.'));
  const reader = createTranscriptReader(file, { wantTurnStart: true });
  await reader.read();
  await truncate(file, 0);
  await writeFile(file, prompt('x'));
  expect(await reader.read()).toBe('read');
  expect(reader.tail()?.lastMessage).toBeNull();

  await writeFile(join(directory, 'b'), prompt('one') + said('Replaced, and longer than before.'));
  await rename(join(directory, 'b'), file);
  expect(await reader.read()).toBe('read');
  expect(reader.tail()?.lastMessage).toBe('Replaced, and longer than before.');

  await rm(file);
  expect(await reader.read()).toBe('missing');
  expect(reader.tail()).toBeNull();
});

test('reads that come at once are read together and miss nothing', async () => {
  const file = join(await temporaryDirectory(), 'a.jsonl');
  await writeFile(file, prompt('go'));
  const reader = createTranscriptReader(file, { wantTurnStart: true });
  const first = reader.read();
  await appendFile(file, said('Late.'));
  await Promise.all([first, reader.read(), reader.read()]);
  expect(reader.tail()?.lastMessage).toBe('Late.');
});

async function setUp(watch: boolean) {
  const config = await temporaryDirectory();
  const projects = join(config, 'projects');
  const clock = createManualClock();
  const transcripts = createTranscripts({ projects, clock, log, watch });
  onTestFinished(() => transcripts.dispose());
  const write = async (directory: string, id: string, content: string) => {
    await mkdir(join(projects, directory), { recursive: true });
    const file = join(projects, directory, `${id}.jsonl`);
    await writeFile(file, content);
    return file;
  };
  return { projects, clock, transcripts, write };
}

test('a session is followed from before its first prompt, and told as it goes on', async () => {
  const { transcripts, write } = await setUp(true);
  const told: [string, boolean][] = [];
  transcripts.onChange((id, grew) => told.push([id, grew]));
  // Nobody has had a conversation here yet.
  await transcripts.follow([{ sessionId: ID, directories: ['/repo'] }]);
  expect(transcripts.tail(ID)).toBeNull();
  const file = await write('-repo', ID, prompt('go'));
  await poll(
    () => transcripts.tail(ID),
    (tail) => tail?.turnOpen === true,
  );
  await appendFile(file, said('Done.'));
  await poll(
    () => transcripts.tail(ID),
    (tail) => tail?.lastMessage === 'Done.',
  );
  await poll(
    () => told.at(-1),
    (last) => last?.[0] === ID && last[1],
  );
  expect(told[0]).toEqual([ID, false]);

  // `/clear`: another id in the same directory.
  await transcripts.follow([{ sessionId: OTHER, directories: ['/repo'] }]);
  await write('-repo', OTHER, prompt('anew'));
  await poll(
    () => transcripts.tail(OTHER),
    (tail) => tail?.turnOpen === true,
  );
  expect(transcripts.tail(ID)).toBeNull();
});

test('a transcript that lies elsewhere is found by its id', async () => {
  const { transcripts, write, clock } = await setUp(false);
  await write('-somewhere-else', ID, said('Moved.'));
  await transcripts.follow([{ sessionId: ID, directories: ['/repo'] }]);
  expect(transcripts.tail(ID)?.lastMessage).toBe('Moved.');
  const long = `/${'deep/'.repeat(60)}end`;
  await write(`${transcriptDirectoryName(long).name}-1a2b3c`, OTHER, said('Hashed.'));
  clock.advance(10_000);
  await transcripts.follow([{ sessionId: OTHER, directories: [long] }]);
  expect(transcripts.tail(OTHER)?.lastMessage).toBe('Hashed.');
  expect(await transcripts.past(long, new Set())).toBeNull(); // Its lines name another directory.
});

test('the newest past conversation of exactly this directory', async () => {
  const { transcripts, write } = await setUp(false);
  const old = await write('-repo-a', ID, prompt('x', '/repo/a') + said('Older.', '/repo/a'));
  await utimes(old, 1_000, 1_000);
  // `/repo-a` has the same directory of transcripts; an agent’s file and an empty one are none at all.
  const alien = await write('-repo-a', OTHER, prompt('x', '/repo-a') + said('Another’s.', '/repo-a'));
  await utimes(alien, 2_000, 2_000);
  await write('-repo-a', 'agent-1234', said('An agent’s.', '/repo/a'));
  const empty = OTHER.replace('9999', '8888');
  await write('-repo-a', empty, prompt('<command-name>/clear</command-name>', '/repo/a'));

  expect(await transcripts.past('/repo/a', new Set())).toMatchObject({
    sessionId: ID,
    directory: '/repo/a',
    lastMessage: 'Older.',
  });
  expect(await transcripts.past('/repo-a', new Set())).toMatchObject({ sessionId: OTHER });
  // A conversation that a live session has is not past.
  expect(await transcripts.past('/repo/a', new Set([ID]))).toBeNull();
  expect(await transcripts.past('/nowhere', new Set())).toBeNull();
});

test('200 cold transcripts are read in the time of a glance', async () => {
  const { transcripts, write } = await setUp(false);
  const ids = Array.from({ length: 200 }, (_, index) => `${String(index).padStart(8, '0')}${ID.slice(8)}`);
  const content = prompt('go') + padding(150_000) + said('Done.');
  for (const [index, id] of ids.entries()) await write(`-repo${index % 20}`, id, content);
  const pace = followPace();
  const start = performance.now();
  await transcripts.follow(
    ids.map((sessionId, index) => ({ sessionId, directories: [`/repo${index % 20}`] })),
  );
  const took = performance.now() - start;
  const slower = pace();
  expect(ids.every((id) => transcripts.tail(id)?.lastMessage === 'Done.')).toBe(true);
  // 60 ms on two free cores; the bar only tells tails from whole files being parsed.
  expect(took).toBeLessThan(3_000 * slower);
});
