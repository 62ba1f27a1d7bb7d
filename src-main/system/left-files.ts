/**
 * Names that say who made a file, so that what a process left which was killed can be told from what a
 * living one is using: `<host>-<pid>-<random>`, where the host is this machine's process namespace.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './processes';

let identity: Promise<string> | null = null;

/**
 * The machine by its name and, where it has one, its own id (two laptops may be called the same), and
 * the process namespace: in a container a pid says nothing about the host's processes.
 */
export function hostIdentity(): Promise<string> {
  identity ??= (async () => {
    if (process.platform !== 'linux') return hostname();
    const [machine, namespace] = await Promise.all([
      readFile('/etc/machine-id', 'utf8').then(
        (id) => id.trim(),
        () => '',
      ),
      readlink('/proc/self/ns/pid').catch(() => ''),
    ]);
    return [machine === '' ? hostname() : `${hostname()} ${machine}`, namespace].join(' ').trim();
  })();
  return identity;
}

const hostMark = async () =>
  createHash('sha256')
    .update(await hostIdentity())
    .digest('hex')
    .slice(0, 8);

/** A name that nobody else makes, and that says whose it is: for what is gone when its maker ends. */
export async function ownName(): Promise<string> {
  return `${await hostMark()}-${process.pid}-${randomBytes(6).toString('hex')}`;
}

const marked = /(?:^|[.-])([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{12}(?:\.new)?$/;

/**
 * Removes what processes of this machine left in a directory that are gone by now; only names that begin
 * so. Answers the removed paths. What can't be read or removed is left for the next time.
 */
export async function removeLeftFiles(directory: string, prefix: string): Promise<readonly string[]> {
  const removed: string[] = [];
  const host = await hostMark();
  for (const name of await readdir(directory).catch(() => [])) {
    const [, made = '', pid = ''] = name.startsWith(prefix) ? (marked.exec(name) ?? []) : [];
    if (made !== host || (await isAlive(Number(pid)))) continue;
    const path = join(directory, name);
    const gone = await rm(path, { recursive: true, force: true, maxRetries: 3 }).then(
      () => true,
      () => false,
    );
    if (gone) removed.push(path);
  }
  return removed;
}
