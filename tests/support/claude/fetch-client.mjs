/**
 * Fetches the pinned Claude Code client from the npm registry into `.cache/claude`, which git ignores.
 * Run by continuous integration and by people; tests never download anything. The client is
 * proprietary: a tool of the tests, never bundled.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '2.1.330';
const cache = fileURLToPath(new URL('../../../.cache/claude', import.meta.url));
const root = join(cache, 'node_modules/@anthropic-ai/claude-code');
const binary = join(root, 'bin/claude.exe');

/** What the client itself says: its version, or null when it does not start. */
function installedVersion() {
  if (!existsSync(binary)) return null;
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8', timeout: 30_000 }).trim().split(' ')[0];
  } catch {
    return null;
  }
}

if (installedVersion() === VERSION) {
  console.log(`Claude Code ${VERSION} is there: ${binary}`);
} else {
  mkdirSync(cache, { recursive: true });
  // A project of its own, so that npm does not climb up to ours.
  writeFileSync(join(cache, 'package.json'), `${JSON.stringify({ private: true, name: 'claude-client' })}\n`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(
    npm,
    [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--prefix',
      cache,
      `@anthropic-ai/claude-code@${VERSION}`,
    ],
    { cwd: cache, stdio: 'inherit', timeout: 600_000, shell: process.platform === 'win32' },
  );
  // npm 11 no longer runs a dependency's install script by itself; it puts the binary in its place.
  if (installedVersion() !== VERSION)
    execFileSync(process.execPath, [join(root, 'install.cjs')], {
      cwd: root,
      stdio: 'inherit',
      timeout: 120_000,
    });
  const version = installedVersion();
  if (version !== VERSION) {
    const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
    console.error(
      `Claude Code ${wanted} was installed into ${cache}, but its binary says ${version ?? 'nothing'}.`,
    );
    process.exit(1);
  }
  console.log(`Claude Code ${VERSION} installed: ${binary}`);
}
