/**
 * The desktop app's side of an engine that lives in a process of its own: the log, the settings that the
 * face itself follows, and the link to that process.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DesktopFace, DesktopOrchard, ProcessChannel } from './engine/orchard';
import type { Log } from './engine/ports';
import { createEngineClient } from './link/engine-client';
import { createElectronStoreSettings } from './settings/electron-store-settings';
import { createMonotonicClock, createSystemClock } from './system/clock';
import { findDirectories } from './system/directories';
import { createFileLock } from './system/file-lock';
import { createFileLog } from './system/log';
import { personEnvironment } from './system/person-environment';
import { createProcesses } from './system/processes';

/**
 * Resolves once an engine answers (or the first one has ended and the next is waited for); rejects when
 * it says that it can't be composed. Call it under Electron only.
 */
export async function composeDesktop(
  face: DesktopFace,
  startEngine: (log: Log) => ProcessChannel,
): Promise<DesktopOrchard> {
  const { platform } = face;
  const env = personEnvironment(face.env, platform);
  const homeDirectory = (platform === 'win32' ? env.USERPROFILE : env.HOME) ?? homedir();
  const directories = findDirectories({ platform, env, homeDirectory });
  const clock = createSystemClock();
  const log = createFileLog({ file: join(directories.log, 'orchard.log'), now: clock.now });
  const engine = createEngineClient({
    start: () => startEngine(log),
    face,
    clock,
    elapsedMs: createMonotonicClock().now,
    log,
  });
  await engine.reached;
  // Opened second: a file that can't be used is set aside by the engine, which shows that.
  const settings = await createElectronStoreSettings({
    directory: directories.config,
    lock: createFileLock({ processes: createProcesses(platform), clock, log }),
    clock,
    log,
    watch: true,
  });
  return {
    ...engine,
    settings,
    log,
    async dispose() {
      settings.dispose();
      await engine.dispose();
      await log.flush();
    },
  };
}
