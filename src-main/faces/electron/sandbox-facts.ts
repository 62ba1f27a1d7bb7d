import { lstat, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What decides whether Chromium's sandbox can start for an Electron that npm unpacked. */
export interface SandboxFacts {
  /** The program, absolute; an AppArmor profile names it. */
  readonly program: string;
  /** Electron's setuid helper beside it, and whether it is root's with mode 4755. */
  readonly helper: string;
  readonly helperReady: boolean;
  /** What keeps an ordinary program from user namespaces; null when nothing is known to. */
  readonly namespaces: 'apparmor' | 'kernel' | null;
}

/**
 * Reads them. `kernel` is `/proc/sys`: Ubuntu since 23.10 restricts by AppArmor
 * (https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces), older Debian and hardened
 * kernels have switches of their own.
 */
export async function readSandboxFacts(program: string, kernel = '/proc/sys'): Promise<SandboxFacts> {
  const setting = (name: string) =>
    readFile(join(kernel, name), 'utf8').then(
      (text) => text.trim(),
      () => null,
    );
  const helper = join(dirname(program), 'chrome-sandbox');
  const [apparmor, clone, most, file] = await Promise.all([
    setting('kernel/apparmor_restrict_unprivileged_userns'),
    setting('kernel/unprivileged_userns_clone'),
    setting('user/max_user_namespaces'),
    lstat(helper).catch(() => null),
  ]);
  return {
    program,
    helper,
    helperReady: file !== null && file.uid === 0 && (file.mode & 0o7777) === 0o4755,
    namespaces: clone === '0' || most === '0' ? 'kernel' : apparmor === '1' ? 'apparmor' : null,
  };
}
