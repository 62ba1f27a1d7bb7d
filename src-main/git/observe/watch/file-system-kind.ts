/** Whether changes in a place reach this machine's watchers at all. */
import { statfs } from 'node:fs/promises';

/** `f_type` of file systems whose changes may happen elsewhere: https://man7.org/linux/man-pages/man2/statfs.2.html */
const REMOTE_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  // Windows' drives inside WSL 2: https://github.com/microsoft/WSL/issues/4739
  [0x01021997, '9P (a Windows drive in WSL)'],
  [0x65735546, 'FUSE'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x00c36400, 'Ceph'],
  [0x786f4256, 'a VirtualBox shared folder'],
]);

/** The name of the remote file system that holds a path; null when watching works there. */
export async function remoteFileSystem(
  path: string,
  platform: 'darwin' | 'linux' | 'win32',
): Promise<string | null> {
  // \\server\share, and \\wsl$ or \\wsl.localhost: WSL's files seen from Windows.
  if (platform === 'win32') return /^\\\\(?![?.]\\[A-Za-z]:)/.test(path) ? 'a network share' : null;
  if (platform !== 'linux') return null;
  try {
    const { type } = await statfs(path);
    return REMOTE_TYPES.get(type >>> 0) ?? null;
  } catch {
    return null;
  }
}
