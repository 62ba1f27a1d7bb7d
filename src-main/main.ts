/**
 * The desktop app's door. What must precede `ready` happens here and nowhere later: with an ES module
 * as entry, Electron waits for this file to finish (https://www.electronjs.org/docs/latest/tutorial/esm).
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as electron from 'electron';
import { composeDesktop } from './compose-desktop';
import { registerAppScheme } from './faces/electron/app-protocol';
import { runDesktop } from './faces/electron/desktop';
import { startFewerProcesses } from './faces/electron/fewer-processes';
import { launchRequest } from './faces/electron/launch-requests';
import { instanceSocket, removeLeftSocket } from './faces/electron/left-socket';
import { platformOf } from './faces/electron/platform-policy';
import { startUtility } from './faces/electron/utility-channel';

const { app } = electron;

// ORCHARD_HOME keeps everything in one place, and is an instance of its own: the lock below is scoped
// to the user-data directory.
const ownHome = process.env.ORCHARD_HOME;
if (ownHome !== undefined && isAbsolute(ownHome)) app.setPath('userData', join(ownHome, 'desktop'));

const userData = app.getPath('userData');
const leftSocket = instanceSocket(userData);

if (app.requestSingleInstanceLock({ ...launchRequest(process.argv) })) {
  startFewerProcesses(app.commandLine, platformOf(process.platform));
  registerAppScheme(electron.protocol);
  // A directory of a few bytes that can't be removed is nobody's trouble.
  removeLeftSocket(leftSocket, userData).catch(() => undefined);
  // Not awaited: `ready` comes only after this file has finished, so awaiting it here would wait for ever.
  runDesktop({
    electron,
    compose: (face) =>
      composeDesktop(face, (log) =>
        startUtility(electron.utilityProcess.fork, {
          modulePath: fileURLToPath(new URL('engine-process.js', import.meta.url)),
          serviceName: 'Orchard engine',
          log,
        }),
      ),
    root: fileURLToPath(new URL('../..', import.meta.url)),
    // Of now: once it is ready, Electron has set more (GDK_BACKEND) that no terminal should inherit.
    env: { ...process.env },
    argv: process.argv,
    home: homedir(),
  }).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    app.exit(1);
  });
} else app.quit();
