/**
 * Fetches a newer git than the machine's into `.cache/git-newer`, which git ignores: the git layer's tests
 * run on both. The binary comes from a newer Debian suite, whose signatures apt checks, and brings its own
 * C library along, so that it runs on an older Debian. A tool of the tests, never shipped.
 *
 * `node tests/support/git/fetch-newer-git.mjs [SUITE]`; Debian on x64 only, with apt-get, dpkg-deb and
 * patchelf. Elsewhere it says so and succeeds: the tests then skip by name.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const suite = process.argv[2] ?? 'trixie';
const to = fileURLToPath(new URL('../../../.cache/git-newer', import.meta.url));
const PACKAGES = ['git', 'libc6', 'libpcre2-8-0', 'zlib1g'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const run = (program, args, options = {}) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

function missing() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'only Linux on x64 is provided for';
  for (const program of ['apt-get', 'dpkg-deb', 'patchelf'])
    try {
      run(program, ['--version']);
    } catch {
      return `${program} is not installed`;
    }
  return existsSync(KEYRING) ? null : 'the Debian archive’s keyring is not installed';
}

function version() {
  try {
    return run(join(to, 'bin/git'), ['--version']).trim();
  } catch {
    return null;
  }
}

function fetchInto(work) {
  const option = (name, value) => ['-o', `${name}=${value}`];
  writeFileSync(
    join(work, 'list'),
    `deb [signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`,
  );
  for (const directory of ['lists/partial', 'cache/archives/partial', 'packages'])
    mkdirSync(join(work, directory), { recursive: true });
  // Lists and cache of its own: nothing of the machine's package state is touched.
  const own = [
    ...option('Dir::State::lists', join(work, 'lists')),
    ...option('Dir::Cache', join(work, 'cache')),
    ...option('Dir::Etc::sourcelist', join(work, 'list')),
    ...option('Dir::Etc::sourceparts', '-'),
    ...option('APT::Sandbox::User', 'root'),
  ];
  run('apt-get', ['-qq', ...own, 'update'], { timeout: 300_000 });
  const packages = join(work, 'packages');
  run('apt-get', ['-qq', ...own, 'download', ...PACKAGES], { cwd: packages, timeout: 300_000 });
  const root = join(work, 'root');
  for (const file of readdirSync(packages).filter((name) => name.endsWith('.deb')))
    run('dpkg-deb', ['-x', join(packages, file), root]);
  return root;
}

/** Makes the unpacked git use the C library beside it, wherever it is started from. */
function settle(root) {
  const libraries = join(to, 'root/usr/lib/x86_64-linux-gnu');
  for (const directory of ['usr/bin', 'usr/lib/git-core'])
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(root, directory, entry.name);
      try {
        run('patchelf', ['--print-interpreter', path], { stdio: 'ignore' });
      } catch {
        continue; // A script.
      }
      run('patchelf', ['--set-interpreter', join(libraries, 'ld-linux-x86-64.so.2'), path]);
      run('patchelf', ['--force-rpath', '--set-rpath', libraries, path]);
    }
  rmSync(to, { recursive: true, force: true });
  mkdirSync(join(to, 'bin'), { recursive: true });
  renameSync(root, join(to, 'root'));
  // git looks for its own commands and templates at the places it was built for.
  writeFileSync(
    join(to, 'bin/git'),
    [
      '#!/bin/sh',
      `export GIT_EXEC_PATH='${join(to, 'root/usr/lib/git-core')}'`,
      `export GIT_TEMPLATE_DIR='${join(to, 'root/usr/share/git-core/templates')}'`,
      `exec '${join(to, 'root/usr/bin/git')}' "$@"`,
      '',
    ].join('\n'),
  );
  chmodSync(join(to, 'bin/git'), 0o755);
}

const there = version();
const obstacle = there === null ? missing() : null;
if (there !== null) console.log(`A newer git is there: ${there}`);
else if (obstacle !== null) console.log(`No newer git for the tests: ${obstacle}.`);
else {
  const work = join(tmpdir(), `orchard-newer-git-${process.pid}`);
  mkdirSync(work, { recursive: true });
  mkdirSync(join(to, '..'), { recursive: true });
  try {
    settle(fetchInto(work));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const now = version();
  if (now === null) {
    console.error(`git of Debian ${suite} was unpacked into ${to}, but does not run.`);
    process.exit(1);
  }
  console.log(`A newer git for the tests: ${now}`);
}
